/**
 * `auth __refresh`: a refresh in a separate process and session. A client may kill its helper at any time; a refresh that is
 * cut off after sending would be lost, and the login with it (RULES.md 2.4).
 */
import * as v from "valibot";
import type { RefreshOptions } from "../../connections/outcome.ts";
import type { ConnectionRef } from "../../connections/ref.ts";
import { refreshConnection } from "../../connections/refresh.ts";
import type { Environment } from "../../platform/context.ts";
import { createInput } from "../../platform/input.ts";
import { LIMITS } from "../../platform/limits.ts";
import { startSilently } from "../../platform/own-program.ts";
import { Secret } from "../../platform/secret.ts";
import type { Cli } from "../context.ts";
import { inSession, servicesFor } from "../session.ts";

const ORDER = v.object({
  provider: v.string(),
  name: v.string(),
  minTtl: v.number(),
  rejected: v.nullable(v.string()),
  resource: v.optional(v.object({ resource: v.string(), scope: v.nullable(v.string()) })),
});

/**
 * @param time milliseconds to wait for its end
 * @returns whether it has ended; the outcome is in the vault. true also where it couldn't be started
 */
export async function refreshBeside(
  env: Environment,
  { provider, name }: ConnectionRef,
  { minTtl, rejected, resource }: RefreshOptions,
  time: number,
): Promise<boolean> {
  if (time <= 0) return false;
  const order: v.InferInput<typeof ORDER> = { provider, name, minTtl, rejected: rejected?.reveal() ?? null, resource };
  let ended: Promise<number>;
  try {
    ({ ended } = startSilently([COMMAND], env, JSON.stringify(order)));
  } catch {
    return true; // The caller then refreshes by itself.
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), time);
  });
  return Promise.race([ended.then(() => true), late]).finally(() => clearTimeout(timer));
}

const COMMAND = "__refresh";

/** What the process does. @throws AuthError where nothing could be sent: the caller finds the same */
export async function carryOut(cli: Cli): Promise<void> {
  const input = createInput(LIMITS.tokenReplyBytes, (why) => new Error(`The order ${why}.`));
  const { provider, name, rejected, minTtl, resource } = v.parse(ORDER, JSON.parse(await input.rest()));
  const ref = { provider, name };
  await inSession(cli, async (session) =>
    refreshConnection(await servicesFor(session, ref), ref, {
      minTtl,
      force: false,
      rejected: rejected === null ? null : new Secret(rejected),
      // The caller has checked that the environment agrees.
      mustAgree: false,
      ...(resource !== undefined && { resource }),
    }),
  );
}
