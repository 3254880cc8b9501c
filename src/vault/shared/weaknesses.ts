/** What weakens a shared vault without keeping it from being used. */
import type { Context } from "../../platform/context.ts";
import { AuthError } from "../../platform/errors.ts";
import type { SharedAddress } from "../address.ts";
import { sentence } from "../giver.ts";
import type { VaultWarning } from "../status.ts";
import type { SharedStore, Weakness } from "./store.ts";

/** Of the server, and of the way to it. What the server doesn't tell is left out. */
export async function serverWarnings(address: SharedAddress, store: SharedStore): Promise<VaultWarning[]> {
  const all = [
    ...(address.cleartext ? [inClear(address)] : []),
    ...(address.acceptLoss ? [lossAccepted(address)] : []),
    ...(await store.weaknesses()),
  ];
  return all.map((found) => ({ about: "server", ...found }));
}

/** Said once, when this home comes to the vault for the first time; not of what the address accepts. */
export async function warnAtJoining(context: Context, address: SharedAddress, store: SharedStore): Promise<void> {
  if (address.cleartext && !address.acceptCleartext) context.warn(inClear(address).text);
  if (!address.acceptLoss) for (const { text } of await weaknessesOf(context, store)) context.warn(text);
}

/** None where the server is gone by now: what needs it will say so. */
async function weaknessesOf({ debug }: Context, store: SharedStore): Promise<readonly Weakness[]> {
  try {
    return await store.weaknesses();
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    debug(`what weakens the shared vault isn't known: ${error.message}`);
    return [];
  }
}

function inClear({ backend, giver }: SharedAddress): Weakness {
  return {
    text: "The connection to the shared vault isn't encrypted: whoever is on the way sees when each record is used, and can put an older state back.",
    remedy: `${backend === "redis" ? "rediss:" : "No sslmode=disable"} in ${giver.name}`,
  };
}

function lossAccepted({ giver }: SharedAddress): Weakness {
  return {
    text: sentence(giver, "has accept-loss=1: the server may forget a login that it has confirmed."),
    remedy: `Where the server is durable, no accept-loss in ${giver.name}`,
  };
}
