/** Which tokens `run` and `export` hand over, under which names. */
import type { DecidingFile } from "../connections/folder/choice.ts";
import { nameSource } from "../connections/name-source.ts";
import { parseSelector } from "../connections/ref.ts";
import { loggedInNowhere, noneNamed, profileOf, select } from "../connections/select.ts";
import { fillTemplate, type Templates } from "../inject/template.ts";
import { hostCorrections, type Injection, withToken } from "../inject/variables.ts";
import { AuthError, usage } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import type { Secret } from "../platform/secret.ts";
import { commandLine } from "../platform/shell-word.ts";
import { type ToolVariables, toolVariables } from "../providers/tool-variables.ts";
import { type Acquired, acquire } from "./acquire.ts";
import { type Args, CONNECTION } from "./command.ts";
import type { Cli } from "./context.ts";
import { EXIT_CODES, worst } from "./exit.ts";
import type { Session } from "./session.ts";
import { checkSelector, namedHere, parseNamed, type Wanted, withTemplates } from "./wanted.ts";

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
  /** Variable → the connection whose token it is to hold, as a file has it. */
  readonly references?: Readonly<Record<string, string>>;
  /** The file that they are from. */
  readonly file?: string;
  readonly templates?: Templates | undefined;
  /** What to do where no token is wanted, for the hint of `nothing_to_inject`. */
  readonly otherwise?: () => Promise<string>;
}

/** Every named connection must have a token; others without one are left out with a warning. */
export async function injectionsFor(cli: Cli, session: Session, request: InjectionRequest): Promise<Injection[]> {
  const { profile, references = {}, templates = NO_TEMPLATES } = request;
  const isNamed = profileOf(session.context.env, undefined, profile) !== undefined;
  const given: Wanted[] = [
    ...request.connections.map((selector) => ({ selector, variable: null })),
    ...request.named.map(parseNamed),
    ...Object.entries(references).map(([variable, selector]) => ({ selector: checkSelector(selector), variable })),
  ];
  if (given.length === 0 && !isNamed && request.file !== undefined) {
    if (request.allowNone) return [];
    throw await nothingToInject(`There is no reference to a connection in ${escapeText(request.file)}.`, [], request);
  }
  if (given.length === 0 && !isNamed && templates.size === 0) {
    const decidingFile = await session.decidingFile();
    if (decidingFile !== null) given.push(...namedHere(decidingFile));
    if (given.length === 0) return defaultInjections(cli, session, request, decidingFile);
  }
  const wanted = withTemplates(
    given.length > 0 || !isNamed ? given : [{ selector: undefined, variable: null }],
    templates,
  );
  const acquired = await settled(
    wanted.map(({ selector }) => selector),
    async (selector) => {
      const selected = await select(session, { argument: selector, profile, stored: false });
      return acquire(session, selected, request.minTtl, undefined, null, true);
    },
  );
  const injections: Injection[] = [];
  for (const [i, { variable }] of wanted.entries()) {
    const one = acquired[i]?.() as Acquired;
    if (one.warning !== null) cli.output.warn(one.warning);
    const injection = await injectionOf(session, one, variable, templates.get(variable ?? ""));
    if (!injections.some((other) => isSame(other, injection))) injections.push(injection);
  }
  return injections;
}

const NO_TEMPLATES: Templates = new Map();

/**
 * All of them side by side, each thing once, and none is left while another is at work: a refresh that was sent must be
 * stored. @returns for each, in order, what gives its result or throws its error
 */
async function settled<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<(() => R)[]> {
  const begun = new Map<T, Promise<R>>();
  for (const one of all) if (!begun.has(one)) begun.set(one, work(one));
  const results = await Promise.allSettled(all.map((one) => begun.get(one) as Promise<R>));
  return results.map((result) => () => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

/** `github github:work`, where that is the default: one connection under the same names. */
function isSame(a: Injection, b: Injection): boolean {
  const names = ({ variables }: Injection): string => Object.keys(variables).sort().join();
  return a.connection === b.connection && names(a) === names(b);
}

/** @param here a folder's file that says the name of the connections at most; null: each provider's default */
async function defaultInjections(
  cli: Cli,
  session: Session,
  request: InjectionRequest,
  decidingFile: DecidingFile | null,
): Promise<Injection[]> {
  const { minTtl, allowNone = false } = request;
  const { everyDefault, everyNamed } = await import("../connections/every-default.ts");
  const profile = decidingFile?.profile ?? null;
  const candidates = profile === null ? await everyDefault(session) : await everyNamed(session, profile);
  if (candidates.length === 0 && !allowNone)
    throw profile === null
      ? await loggedInNowhere(session)
      : noneNamed(profile, nameSource(session.context.env, profile, decidingFile));
  const injections: Injection[] = [];
  const reasons: AuthError[] = [];
  const leaveOut = (who: string, reason: AuthError): void => {
    reasons.push(reason);
    cli.output.warn(`${who} left out: ${reason.message}`);
  };
  const acquired = await settled(candidates, async ({ selector, selected: chosen, several }) => {
    if (several !== null) {
      const words = `it has ${several.join(", ")}, and no default. Choose one: auth use ${several[0]}`;
      throw new AuthError("ambiguous_connection", words);
    }
    const selected = chosen ?? (await select(session, { argument: selector, profile: undefined, stored: false }));
    return acquire(session, selected, minTtl, undefined, null, true);
  });
  for (const [i, { selector }] of candidates.entries())
    try {
      const one = acquired[i]?.() as Acquired;
      if (one.warning !== null) cli.output.warn(one.warning);
      injections.push(await injectionOf(session, one, null));
    } catch (error) {
      if (!(error instanceof AuthError) || (/^(vault|key)_/.test(error.code) && !isOfOneRecord(error))) throw error;
      leaveOut(`${selector} is`, error);
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
  if (left.length === 0 && !allowNone)
    throw await nothingToInject("There is no token to inject: every login was left out.", reasons, request);
  return left;
}

/** A fault of one doesn't affect the others. */
function isOfOneRecord({ code, connection }: AuthError): boolean {
  return connection !== undefined && (code === "vault_rolled_back" || code === "vault_corrupt");
}

/** Without any token no command is run and no file written: they would fail later. */
async function nothingToInject(
  message: string,
  reasons: readonly AuthError[],
  { otherwise, file }: InjectionRequest,
): Promise<AuthError> {
  const code = worst(reasons.map((reason) => EXIT_CODES[reason.code]));
  const cause = reasons.find((reason) => EXIT_CODES[reason.code] === code);
  const first = file === undefined ? "See why: auth status" : "A reference: API_TOKEN=auth://<provider>:<name>/token";
  const hint = [first, ...(otherwise ? [await otherwise()] : [])].join("\n");
  return new AuthError("nothing_to_inject", message, { hint, cause });
}

/** How one of them gets a variable of its own: for good where that is a setting, else for this command. */
async function ownVariable({ registry }: Session, connection: string): Promise<string> {
  const { provider, name } = parseSelector(connection);
  const { likelyKeyVariable, variableSetting } = await import("../providers/environment.ts");
  // It was just read, for the names of its variables.
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

/** @param template the variable's value with `{token}` in it; absent: the token alone */
async function injectionOf(
  session: Session,
  acquired: Acquired,
  variable: string | null,
  template = "{token}",
): Promise<Injection> {
  const { connection, token, stored } = acquired;
  const value = fillTemplate(template, token);
  const tools = await toolsOf(session, acquired);
  if (tools instanceof AuthError) {
    if (variable === null) throw tools;
    const templates = { [variable]: template };
    return { connection, stored: stored !== null, token, variables: { [variable]: value }, templates };
  }
  const own = variable === null ? withToken(tools, token) : { [variable]: value };
  const beside = variable === null ? await companionVariables(session, acquired) : {};
  const variables = {
    ...own,
    ...Object.fromEntries(Object.entries(beside).map(([name, value]) => [name, value.reveal()])),
  };
  const corrections = hostCorrections(tools, session.context.env, Object.keys(variables));
  for (const [name, value] of Object.entries(corrections))
    session.context.warn(`${connection} is for ${value}: ${name} is set to that beside its token.`);
  const written = variable === null ? tools.written : { [variable]: template };
  const templates = Object.fromEntries(Object.entries(written).filter(([, text]) => text.includes("{token}")));
  return {
    connection,
    stored: stored !== null,
    token,
    variables,
    templates,
    corrections,
    beside: Object.values(beside),
  };
}

/** Variables of the token's companions, for programs that know the provider's names. */
async function companionVariables(session: Session, acquired: Acquired): Promise<Record<string, Secret>> {
  const definition = await session.registry.get(acquired.provider);
  if (definition.companions === undefined) return {};
  const [{ companionsFor }, { resolveProvider }] = await Promise.all([
    import("./companions.ts"),
    import("../providers/resolve.ts"),
  ]);
  const { dialect } = resolveProvider(definition, acquired.settings);
  const all = companionsFor(dialect, acquired, session.context.env);
  return Object.fromEntries(
    all.flatMap(({ variable }) => (variable === null ? [] : [[variable.name, variable.value]])),
  );
}

/** The error for a removed plugin: with a variable of the caller's choice the token can still be used. */
async function toolsOf(session: Session, { provider, settings }: Acquired): Promise<ToolVariables | AuthError> {
  try {
    return toolVariables(await session.registry.get(provider), settings);
  } catch (error) {
    if (error instanceof AuthError) return error;
    throw error;
  }
}
