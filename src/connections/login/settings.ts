/** The settings of a login, each from the first that has it: flag, environment, profile, default (CLI.md §4); and those it needs. */
import type { Context } from "../../platform/context.ts";
import { usage } from "../../platform/errors.ts";
import { ownValue } from "../../platform/json.ts";
import { placeholder } from "../../platform/shell-word.ts";
import { settingsFromEnvironment } from "../../providers/environment.ts";
import { flowsOf } from "../../providers/flows.ts";
import { mintingOf } from "../../providers/minting.ts";
import type { Flow, ProviderDefinition } from "../../providers/schema.ts";
import { checkSetting, flagOf } from "../../providers/settings.ts";
import type { Connection } from "../record.ts";
import { type Flags, loginCommand } from "./command.ts";
import type { LoginRequest } from "./request.ts";

export interface Settings {
  readonly values: Readonly<Record<string, string>>;
  /** Setting → the variable it came from, for a message: `host from SENTRY_URL`. */
  readonly variables: Readonly<Record<string, string>>;
}

/** Defaults are filled in, and faults found, when the provider is resolved with them. */
export function loginSettings(
  definition: ProviderDefinition,
  flags: Readonly<Record<string, string>>,
  context: Context,
  profile: Connection | null,
): Settings {
  const fromEnvironment = settingsFromEnvironment(definition, context.env);
  const declared = definition.settings ?? {};
  const kept = Object.entries(profile?.settings ?? {}).filter(([name, value]) => {
    const setting = ownValue(declared, name);
    // What the provider once said, and may not say any more, is said again by this login.
    return setting !== undefined && (setting.from === undefined || "value" in checkSetting(setting, value));
  });
  const values: Record<string, string> = Object.fromEntries(kept);
  const variables: Record<string, string> = {};
  for (const [name, { value, variable }] of Object.entries(fromEnvironment)) {
    values[name] = value;
    if (flags[name] === undefined) variables[name] = variable;
  }
  return { values: { ...values, ...flags }, variables };
}

/**
 * Settings that a login can't do without: all that is missing is named at once, with the command that gives it.
 *
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
  const needed = missing.map(([name, setting]) => ({ flag: flagOf(name, setting), title: setting.title }));
  const isWithoutKey = flow === "jwt" && request.credential?.key === undefined;
  if (isWithoutKey) needed.push({ flag: "key", title: "The key file" });
  const flags = needed.map(({ flag }) => [flag, placeholder(flag === "key" ? "file" : flag)] as const);
  const lines = needed.map(({ flag, title }) => `--${flag}: ${title}`);
  const proof = proofLacking(definition, request, flow);
  const command = `Log in: ${loginCommand(definition, request, { ...Object.fromEntries(flags), ...proof })}`;
  if (lines.length === 1) throw usage(`${definition.title} needs ${lines[0]}.`, command);
  const names = needed.map(({ flag }) => `--${flag}`);
  throw usage(
    `${definition.title} needs ${names.slice(0, -1).join(", ")} and ${names.at(-1)}.`,
    [...lines, command].join("\n"),
  );
}

/** What else the flow takes and wasn't given, so that one more try is enough. */
function proofLacking(definition: ProviderDefinition, request: LoginRequest, flow: Flow | null): Flags {
  const { token, clientId, credential } = request;
  if (flow === "token" && token === null) return { token: "-" };
  if (flow === "exchange" && credential?.subjectToken === undefined) return { "subject-token": placeholder("from") };
  if (!isByCode(definition, request)) return {};
  return { ...(clientId === null && { "client-id": placeholder("id") }), "client-secret": "-", code: "-" };
}

/** Whether a code that the provider gave out is what the login is made from, and none was given. */
export function isByCode(definition: ProviderDefinition, { flow, credential }: LoginRequest): boolean {
  const isMeant = flow === "code" || flowsOf(definition).every((one) => one.flow === "code");
  return isMeant && credential?.code === undefined;
}
