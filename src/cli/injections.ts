/** Which tokens `run` and `export` hand over, under which names. */
import { isAddress, parseSelector } from "../connections/ref.ts";
import { loggedInNowhere, profileOf, select } from "../connections/select.ts";
import { checkVariable, hostCorrections, type Injection, withToken } from "../inject/variables.ts";
import { AuthError, usage } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import type { Secret } from "../platform/secret.ts";
import { commandLine, shellWord } from "../platform/shell-word.ts";
import { resolveProvider, type ToolVariables, toolVariables } from "../providers/resolve.ts";
import { type Acquired, acquire } from "./acquire.ts";
import type { Args } from "./command.ts";
import type { Cli } from "./context.ts";
import { EXIT_CODES, worst } from "./exit.ts";
import { CONNECTION } from "./selector.ts";
import type { Session } from "./session.ts";

export const INJECTION_ARGS = {
  connections: {
    type: "positional",
    required: false,
    variadic: true,
    description: "Connections whose tokens to hand over; without any, every provider's default",
  },
  connection: {
    type: "string",
    alias: "c",
    valueHint: "connection=VAR",
    repeatable: true,
    description:
      "A connection's token under this name alone, one that says it is a secret, such as FOO_TOKEN; may be repeated",
  },
  profile: CONNECTION.profile,
} as const satisfies Args;

export interface InjectionRequest {
  readonly connections: readonly string[];
  /** `connection=VAR` */
  readonly named: readonly string[];
  /** `-p`: the name of each connection; where none is given, the one connection of that name. */
  readonly profile: string | undefined;
  /** Milliseconds. */
  readonly minTtl: number;
  /** Nothing named, and no token to be had: that is no error. */
  readonly allowNone?: boolean;
  /** What to do where no token is wanted, for the hint of `nothing_to_inject`. */
  readonly otherwise?: () => Promise<string>;
}

/** Connections that were named must all yield a token; of the rest, those that can't are left out with a warning. */
export async function injectionsFor(cli: Cli, session: Session, request: InjectionRequest): Promise<Injection[]> {
  const given = [
    ...request.connections.map((selector) => ({ selector, variable: null })),
    ...request.named.map(parseNamed),
  ];
  const { profile } = request;
  if (given.length === 0 && profileOf(session.context.env, undefined, profile) === undefined)
    return defaultInjections(cli, session, request);
  const wanted = given.length === 0 ? [{ selector: undefined, variable: null }] : given;
  const injections: Injection[] = [];
  for (const { selector, variable } of wanted) {
    const selected = await select(session, { argument: selector, profile, stored: false });
    const acquired = await acquire(session, selected, request.minTtl, undefined, null, true);
    if (acquired.warning !== null) cli.output.warn(acquired.warning);
    const injection = await injectionOf(session, acquired, variable);
    if (!injections.some((other) => isSame(other, injection))) injections.push(injection);
  }
  return injections;
}

/** `github github:work`, where that is the default: one connection under the same names. */
function isSame(a: Injection, b: Injection): boolean {
  const names = ({ variables }: Injection): string => Object.keys(variables).sort().join();
  return a.connection === b.connection && names(a) === names(b);
}

function parseNamed(text: string): { selector: string; variable: string } {
  const at = text.lastIndexOf("=");
  if (at <= 0)
    throw usage(
      `-c takes connection=VAR, not '${escapeText(text.slice(0, 60))}'.`,
      `For example: -c ${likelyVariable(text)}`,
    );
  const selector = text.slice(0, at);
  if (!isAddress(selector)) parseSelector(selector);
  return { selector, variable: checkVariable(text.slice(at + 1)) };
}

/** The connection as it was given with a variable for it: `github:work=WORK_TOKEN`. */
function likelyVariable(text: string): string {
  const isConnection = isAddress(text) || /^[a-z][\w-]*(:[\w.@+/-]+)?$/i.test(text);
  const connection = isConnection ? text : "<provider>:work";
  const words = connection.split(/[^A-Za-z0-9]+/).filter((word) => /^[a-z]/i.test(word));
  const word = isAddress(text) ? "ISSUER" : (words.at(-1) ?? "MY");
  return `${isConnection ? shellWord(connection) : connection}=${word.toUpperCase()}_TOKEN`;
}

async function defaultInjections(cli: Cli, session: Session, request: InjectionRequest): Promise<Injection[]> {
  const { minTtl, allowNone = false, otherwise } = request;
  const { everyDefault } = await import("../connections/every-default.ts");
  const candidates = await everyDefault(session);
  if (candidates.length === 0 && !allowNone) throw await loggedInNowhere(session);
  const injections: Injection[] = [];
  const reasons: AuthError[] = [];
  const leaveOut = (who: string, reason: AuthError): void => {
    reasons.push(reason);
    cli.output.warn(`${who} left out: ${reason.message}`);
  };
  for (const { selector, selected: chosen, several } of candidates) {
    if (several !== null) {
      const words = `it has ${several.join(", ")}, and no default. Choose one: auth use ${several[0]}`;
      leaveOut(`${selector} is`, new AuthError("ambiguous_connection", words));
      continue;
    }
    try {
      const selected = chosen ?? (await select(session, { argument: selector, profile: undefined, stored: false }));
      const acquired = await acquire(session, selected, minTtl, undefined, null, true);
      if (acquired.warning !== null) cli.output.warn(acquired.warning);
      injections.push(await injectionOf(session, acquired, null));
    } catch (error) {
      if (!(error instanceof AuthError) || /^(vault|key)_/.test(error.code)) throw error;
      leaveOut(`${selector} is`, error);
    }
  }
  const clashing = new Set<string>();
  for (const [variable, owners] of sharedVariables(injections)) {
    for (const connection of owners) clashing.add(connection);
    leaveOut(
      `${owners.join(" and ")} are`,
      usage(`each goes into ${variable}. ${await ownVariable(session, owners[0] ?? "")}`),
    );
  }
  const left = injections.filter(({ connection }) => !clashing.has(connection));
  if (left.length === 0 && !allowNone) throw await nothingToInject(reasons, otherwise);
  return left;
}

/** A command that was to have tokens is not run, and a file not written, without any: they would fail later. */
async function nothingToInject(
  reasons: readonly AuthError[],
  otherwise: InjectionRequest["otherwise"],
): Promise<AuthError> {
  const code = worst(reasons.map((reason) => EXIT_CODES[reason.code]));
  const cause = reasons.find((reason) => EXIT_CODES[reason.code] === code);
  const hint = ["See why: auth status", ...(otherwise ? [await otherwise()] : [])].join("\n");
  return new AuthError("nothing_to_inject", "There is no token to inject: every login was left out.", { hint, cause });
}

/** How one of them gets a variable of its own: for good where that is a setting, else for this command. */
async function ownVariable({ registry }: Session, connection: string): Promise<string> {
  const { provider, name } = parseSelector(connection);
  const { likelyKeyVariable, variableSetting } = await import("../providers/environment.ts");
  // It was read a moment ago, for the names of its variables.
  const setting = variableSetting(await registry.get(provider));
  if (setting === null) return `Name them: -c ${connection}=SOME_TOKEN`;
  const assignment = `${setting}=${likelyKeyVariable(name ?? provider)}`;
  return `Give it its own: ${commandLine(["auth", "profile", "edit", connection, "--set", assignment])}`;
}

/** Variables that several of the injections would set, with their connections. */
function sharedVariables(injections: readonly Injection[]): [variable: string, owners: string[]][] {
  const owners = new Map<string, string[]>();
  for (const { connection, variables } of injections)
    for (const name of Object.keys(variables)) owners.set(name, [...(owners.get(name) ?? []), connection]);
  return [...owners].filter(([, connections]) => connections.length > 1);
}

async function injectionOf(session: Session, acquired: Acquired, variable: string | null): Promise<Injection> {
  const { connection, token, stored } = acquired;
  const tools = await toolsOf(session, acquired);
  if (tools instanceof AuthError) {
    if (variable === null) throw tools;
    return { connection, stored: stored !== null, token, variables: { [variable]: token.reveal() } };
  }
  const own = variable === null ? withToken(tools, token) : { [variable]: token.reveal() };
  const beside = variable === null ? await companionVariables(session, acquired) : {};
  const variables = {
    ...own,
    ...Object.fromEntries(Object.entries(beside).map(([name, value]) => [name, value.reveal()])),
  };
  const corrections = hostCorrections(tools, session.context.env, Object.keys(variables));
  for (const [name, value] of Object.entries(corrections))
    session.context.warn(`${connection} is for ${value}: ${name} is set to that beside its token.`);
  return { connection, stored: stored !== null, token, variables, corrections, beside: Object.values(beside) };
}

/** Variables of what goes with the token, for programs that know the provider's names. */
async function companionVariables(session: Session, acquired: Acquired): Promise<Record<string, Secret>> {
  const definition = await session.registry.get(acquired.provider);
  if (definition.companions === undefined) return {};
  const { companionsFor } = await import("./companions.ts");
  const { dialect } = resolveProvider(definition, acquired.settings);
  const all = companionsFor(dialect, acquired, session.context.env);
  return Object.fromEntries(all.flatMap(({ variable, value }) => (variable === null ? [] : [[variable, value]])));
}

/** An error where its plugin is gone: under a name of the caller's choice the token can still be had. */
async function toolsOf(session: Session, { provider, settings }: Acquired): Promise<ToolVariables | AuthError> {
  try {
    return toolVariables(await session.registry.get(provider), settings);
  } catch (error) {
    if (error instanceof AuthError) return error;
    throw error;
  }
}
