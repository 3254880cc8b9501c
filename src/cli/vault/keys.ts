/** Where a vault's key is to come from: flags and variables that several commands of `auth vault` have. */
import type { Environment } from "../../platform/context.ts";
import { AuthError } from "../../platform/errors.ts";
import type { Target } from "../../vault/moving/open.ts";
import {
  IDENTITY_VARIABLE,
  SOURCE_WORDS,
  type SourceName,
  VARIABLES,
  withoutKeys,
} from "../../vault/sources/source.ts";
import type { Args } from "../command.ts";
import type { Cli } from "../context.ts";
import { vaultDialogue } from "../session.ts";
import { oneOf } from "../suggest.ts";

export const KEY = {
  key: {
    type: "string",
    valueHint: "keychain|file|passphrase|env|command|members",
    description:
      "Where the key comes from: the system's keychain, a key file, a passphrase, AUTH_KEY, AUTH_KEY_COMMAND or members' own keys",
  },
} as const satisfies Args;

/** Where the key is to come from, and how a passphrase is asked for. */
export function keyOptions(cli: Cli, wanted: string | undefined) {
  const sources = Object.keys(SOURCE_WORDS) as SourceName[];
  return { ...vaultDialogue(cli), ...(wanted !== undefined && { source: oneOf("key source", wanted, sources) }) };
}

/** `AUTH_NEW_KEY` and its like hold the value that the variable without `NEW_` will have. */
export function withNewKey(env: Environment): Environment {
  return { ...env, ...newKeys(env) };
}

/** For a vault beside the one that is used here: with keys of its own, or with whatever opens this one. */
export function keysOfOther(env: Environment): Pick<Target, "keysAreOther"> & { readonly env: Environment } {
  const own = newKeys(env);
  if (Object.keys(own).length === 0) return { env, keysAreOther: true };
  return { env: { ...withoutKeys(env), [IDENTITY_VARIABLE]: env[IDENTITY_VARIABLE], ...own } };
}

function newKeys(env: Environment): Record<string, string> {
  const given: Record<string, string> = {};
  for (const variable of Object.values(VARIABLES)) {
    const value = env[variable.replace("AUTH_", "AUTH_NEW_")];
    if (value) given[variable] = value;
  }
  return given;
}

/** What is wrong with a copy's key is said of the variables that give it. @param given they did */
export async function namingNewKeys<T>(given: boolean, work: () => Promise<T>): Promise<T> {
  const named = (text: string): string => text.replaceAll(/\bAUTH_(KEY|KEY_COMMAND|PASSPHRASE)\b/g, "AUTH_NEW_$1");
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    const { message, hint } = error;
    throw error.restated({ ...(given && { message: named(message) }), ...(hint && { hint: named(hint) }) });
  }
}
