/** Errors where another vault is at an address than the one that is meant, an older one, or none. */
import { AuthError } from "../../platform/errors.ts";
import type { SharedAddress } from "../address.ts";
import type { Header } from "../header.ts";
import { HOW_IT_GOT_OLDER } from "../seal.ts";
import { SOURCE_WORDS, type SourceName } from "../sources/source.ts";

/** Where nothing is, or an address with a mistake in it leads. */
export function absent({ shown, backend, fingerprint, giver }: SharedAddress): AuthError {
  const part = backend === "redis" ? "prefix" : "schema";
  if (fingerprint !== null)
    return new AuthError("connection_not_found", `There is no vault at ${shown}, so none with that fingerprint.`, {
      hint: `Nothing was changed. Look at the spelling of ${giver.name}: server, database, ${part}.\nIf it is right, ask who runs the server. To make a vault there, leave the fingerprint out.`,
    });
  return new AuthError("connection_not_found", `There is no vault at ${shown}.`, {
    hint: `Look at the spelling of ${giver.name}: server, database, ${part}.\nIf it is right, a vault is made there by the first login, or by: auth vault init`,
  });
}

/** Lines of a hint: how to begin with another vault where this one is lost. */
export function beginAgain({ backend, giver }: SharedAddress): string {
  const place = backend === "redis" ? "?prefix=<name>" : "?schema=<name>";
  return `Then begin with a new one: in ${giver.name}, another ${place}${giver.anew}`;
}

const EMPTY =
  "To begin anew there, let this machine forget the vault that was there: auth vault accept\nOr to have a backup there after that: auth vault restore <file>";

/** @param what `is another one`, `is empty` */
export function replaced({ shown, giver }: SharedAddress, what: string): AuthError {
  const message = `The shared vault at ${shown} ${what}, unlike the one that this machine knows.`;
  return new AuthError("vault_replaced", message, {
    hint: `Nothing was changed or sent. The server may have lost its data, or ${giver.name} may name another one: ask who runs it.\n${what === "is empty" ? EMPTY : "If it is as it should be, let this machine forget the vault that was there: auth vault accept"}`,
  });
}

/** @param header of the key that the vault has now */
export function olderKey({ shown }: SharedAddress, { source }: Header): AuthError {
  return new AuthError(
    "vault_rolled_back",
    `The shared vault at ${shown} has an older key than this machine has seen.`,
    {
      hint: `${HOW_IT_GOT_OLDER}\nThat takes the key that the vault had then, from ${SOURCE_WORDS[source]}.`,
    },
  );
}

/** @param from what gave a key that doesn't open it */
export function newerKey({ shown }: SharedAddress, { source }: Header, from: string): AuthError {
  return new AuthError(
    "vault_locked",
    `The shared vault at ${shown} was given another key (by a rekey on another machine): what came from ${from} no longer opens it.`,
    { hint: `${source === "members" ? becomeMember(from) : getKey(source)} The logins are there as before.` },
  );
}

function getKey(source: SourceName): string {
  return `The new key comes from ${SOURCE_WORDS[source]}: have this machine get it, from where your team keeps it, or from whoever gave the vault the new one.`;
}

/** @param variable has the key that every machine had before */
function becomeMember(variable: string): string {
  return `It has members now, each with a key of their own. Unset ${variable} on this machine.\nIf it isn't a member yet: auth vault member key\nThen let a member run what that prints.`;
}

/**
 * Anyone who can write to the database can make a vault for this machine's public key.
 *
 * @param command that takes the fingerprint
 */
export function notCompared(
  { shown, fingerprint, giver }: SharedAddress,
  command = "auth vault use <address>",
): AuthError {
  if (fingerprint !== null)
    return new AuthError("vault_replaced", `The vault at ${shown} doesn't have the fingerprint that it should have.`, {
      hint: "Nothing was changed or sent. Ask the member who gave it to you, and who runs the server: another vault may have been put there.\nThe fingerprint is shown by: auth vault member list",
    });
  return new AuthError(
    "vault_locked",
    `This machine is at the vault at ${shown} for the first time, and nothing shows that it is the one that is meant.`,
    {
      hint: `Nothing was changed or sent. Ask a member for the fingerprint (auth vault member list), then: ${command} --fingerprint <fingerprint>\nOr add it to ${giver.name}, as an option: fingerprint=<fingerprint>`,
    },
  );
}
