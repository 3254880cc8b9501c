/** The environment a command runs in: its own, the tokens, and none of what opens the vault (RULES.md 3.3). */
import type { Environment } from "../platform/context.ts";
import { injectedEntry, withEntries } from "../providers/injected.ts";
import { opensVault } from "../vault/sources/source.ts";
import { type Injection, mergeInjections } from "./variables.ts";

/** Bun's switches: they are for this program, and must not reach a child that is built on Bun, too. */
const RUNTIME_SWITCHES = ["NODE_TLS_REJECT_UNAUTHORIZED"];
/** A folder, not a switch. */
const HARMLESS = ["BUN_INSTALL"];

/** @param plain variables of an env file that aren't references */
export async function childEnvironment(
  env: Environment,
  injections: readonly Injection[],
  keepKey: boolean,
  plain: Readonly<Record<string, string>> = {},
): Promise<Record<string, string>> {
  const child: Record<string, string> = {};
  for (const name in env) {
    const value = env[name];
    if (value === undefined) continue;
    // A quick check first: most variables have none of these prefixes.
    const concerns = name.startsWith("AUTH_") || name.startsWith("BUN_") || name.startsWith("NODE_");
    if (concerns && (isRuntimeSwitch(name) || (!keepKey && isWithheld(name)))) continue;
    const shown =
      name === "AUTH_STORE" && !keepKey ? (await import("../vault/address.ts")).withoutPassword(value) : value;
    if (shown !== null) child[name] = shown;
  }
  return Object.assign(child, plain, injectedVariables(env, injections));
}

/** What is added: the tokens, and AUTH_INJECTED naming those that came from the vault. */
export function injectedVariables(env: Environment, injections: readonly Injection[]): Record<string, string> {
  const merged = mergeInjections(injections);
  const entries: string[] = [];
  for (const injection of injections) {
    if (!injection.stored) continue;
    for (const [name, value] of Object.entries(injection.variables))
      if (value === injection.token.reveal()) entries.push(injectedEntry(name, injection.connection, value));
  }
  return entries.length === 0 ? merged : { ...merged, AUTH_INJECTED: withEntries(env.AUTH_INJECTED, entries) };
}

function isRuntimeSwitch(name: string): boolean {
  return RUNTIME_SWITCHES.includes(name) || (name.startsWith("BUN_") && !HARMLESS.includes(name));
}

/** Variables of auth that only `--keep-key` passes on: what opens the vault, and the secrets of clients. */
export function isWithheld(name: string): boolean {
  return opensVault(name) || /^AUTH_.*_SECRET$/.test(name);
}
