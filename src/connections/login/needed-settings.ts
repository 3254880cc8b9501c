/** Settings that a login can't do without: all that is missing is named at once, with the command that gives it. */
import { type AuthError, usage } from "../../platform/errors.ts";
import { placeholder } from "../../platform/shell-word.ts";
import { mintingOf } from "../../providers/minting.ts";
import type { Flow, ProviderDefinition } from "../../providers/schema.ts";
import { flagOf } from "../../providers/settings.ts";
import { type Flags, loginCommand } from "./command.ts";
import type { LoginRequest } from "./request.ts";

/**
 * @param values the settings that are known: given, from the environment, or the profile's
 * @param flow null where it isn't settled yet: only what every flow needs counts
 * @throws AuthError `usage`
 */
export function requireNeededSettings(
  definition: ProviderDefinition,
  values: Readonly<Record<string, string>>,
  request: LoginRequest,
  flow: Flow | null,
): void {
  const needs = (flow === null ? null : mintingOf(definition, flow))?.needs ?? [];
  const missing = Object.entries(definition.settings ?? {}).filter(([name, setting]) => {
    const needed =
      needs.includes(name) ||
      (setting.required === true && (setting.flows === undefined || (flow !== null && setting.flows.includes(flow))));
    return needed && !values[name]?.trim() && setting.default === undefined;
  });
  if (missing.length === 0) return;
  const settings = missing.map(([name, setting]) => {
    const flag = flagOf(name, setting);
    return { flag, value: flag, title: setting.title };
  });
  const key = flow === "jwt" && request.credential?.key === undefined;
  const all = [...settings, ...(key ? [{ flag: "key", value: "file", title: "The key file" }] : [])];
  throw neededFlags(definition, request, all);
}

function neededFlags(
  definition: ProviderDefinition,
  request: LoginRequest,
  needed: readonly { readonly flag: string; readonly value: string; readonly title: string }[],
): AuthError {
  const flags: Flags = Object.fromEntries(needed.map(({ flag, value }) => [flag, placeholder(value)]));
  const command = `Log in: ${loginCommand(definition, request, flags)}`;
  const [only, ...others] = needed;
  if (only !== undefined && others.length === 0)
    return usage(`${definition.title} needs --${only.flag}: ${only.title}.`, command);
  const names = needed.map(({ flag }) => `--${flag}`);
  return usage(
    `${definition.title} needs ${names.slice(0, -1).join(", ")} and ${names.at(-1)}.`,
    [...needed.map(({ flag, title }) => `--${flag}: ${title}`), command].join("\n"),
  );
}
