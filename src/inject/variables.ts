/** Which variables a connection's token goes into, and which names may never be set (CLI.md §4 `run`). */
import type { Environment } from "../platform/context.ts";
import { usage } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import type { Secret } from "../platform/secret.ts";
import { CHOSEN_NAMES, chosenNameFault } from "../providers/reserved.ts";
import type { ToolVariables } from "../providers/tool-variables.ts";

/** One connection's part of an environment. */
export interface Injection {
  /** `provider:name`, or the provider for a token from the environment. */
  readonly connection: string;
  /** From the vault: it is listed in AUTH_INJECTED. */
  readonly stored: boolean;
  readonly token: Secret;
  readonly variables: Readonly<Record<string, string>>;
  /** Those of its variables that have the token in them, as templates over `{token}`. */
  readonly templates: Readonly<Record<string, string>>;
  /** Secrets among its variables, besides the token. */
  readonly beside?: readonly Secret[];
  /** Also set, unless another injection sets them, where the caller's environment names another host. */
  readonly corrections?: Readonly<Record<string, string>>;
}

/** The variables that the provider's own tools read, with the token in them; none declared: `<PROVIDER>_TOKEN`. */
export function withToken({ written }: ToolVariables, token: Secret): Record<string, string> {
  const fill = (template: string): string => template.replaceAll("{token}", () => token.reveal());
  return Object.fromEntries(Object.entries(written).map(([name, template]) => [name, fill(template)]));
}

/**
 * Variables in the caller's environment that would send the token to another host, with this connection's own value. None
 * where the token is in a variable that the provider's tools don't read.
 */
export function hostCorrections(
  { written, omitted }: ToolVariables,
  env: Environment,
  names: readonly string[],
): Record<string, string> {
  if (!names.some((name) => Object.hasOwn(written, name))) return {};
  const wrong = Object.entries(omitted).filter(([name, value]) => {
    const found = env[name]?.trim();
    return found && found.toLowerCase() !== value.toLowerCase();
  });
  return Object.fromEntries(wrong);
}

/** A variable named on the command line. @throws AuthError `usage` for a name that doesn't say it holds a secret. */
export function checkVariable(name: string): string {
  const fault = chosenNameFault(name);
  if (fault === null) return name;
  throw usage(`'${escapeText(name.slice(0, 60))}' ${fault}.`, CHOSEN_NAMES);
}

/** All injections in one map. @throws AuthError `usage` when two connections want one variable. */
export function mergeInjections(injections: readonly Injection[]): Record<string, string> {
  const owners = new Map<string, string>();
  const merged: Record<string, string> = {};
  for (const injection of injections) {
    for (const [name, value] of Object.entries(injection.variables)) {
      const owner = owners.get(name);
      if (owner !== undefined && owner !== injection.connection)
        throw usage(
          `${owner} and ${injection.connection} both go into ${name}.`,
          `Give one of them another name: -c ${injection.connection}=OTHER_TOKEN`,
        );
      owners.set(name, injection.connection);
      merged[name] = value;
    }
  }
  for (const { corrections = {} } of injections)
    for (const [name, value] of Object.entries(corrections)) if (!owners.has(name)) merged[name] = value;
  return merged;
}
