/**
 * `auth mcp login --all`: a login at each MCP server that the clients' files name and that takes tokens. A file of a project
 * may name anyone's server: no login begins before a person has seen where.
 */
import { type ConnectionRef, display, isName } from "../../connections/ref.ts";
import { stateOf } from "../../connections/status.ts";
import { type FoundServer, lookEverywhere, lookInFile } from "../../mcp/configured/look.ts";
import { requireOpen } from "../../oauth/protected-resource.ts";
import { type AuthError, usage } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import { surroundingsOf } from "../../platform/places.ts";
import { withoutRandomWords } from "../../platform/redact.ts";
import { commandLine, placeholder } from "../../platform/shell-word.ts";
import { addressFault, comparableUrl, originOf } from "../../platform/url.ts";
import { defineCommand } from "../command.ts";
import type { Cli } from "../context.ts";
import { asAuthError, EXIT_CODES, errorWords, worst } from "../exit.ts";
import { requireConsent } from "../input.ts";
import { LOGIN_FLAGS, loginCallFrom } from "../login/call.ts";
import { loginOrExplain } from "../login/perform.ts";
import { targetOf } from "../login/target.ts";
import { inSession, type Session } from "../session.ts";
import { requireStored } from "../stored.ts";
import { loginAt } from "./connection.ts";

const { via, browser, timeout, "client-metadata-url": metadataUrl } = LOGIN_FLAGS;
const FLAGS = { via, browser, timeout, "client-metadata-url": metadataUrl } as const;
type Flags = Parameters<typeof loginCallFrom>[3];

export default defineCommand({
  name: "login",
  description:
    "Log in to every MCP server that Claude Code, Codex, VS Code, Cursor or a file names and that takes tokens",
  args: {
    file: {
      type: "positional",
      required: false,
      valueHint: "file",
      description: "A file that names servers; without it, those of the clients and of the project here",
    },
    all: { type: "boolean", description: "All servers; one alone: auth login <url>" },
    yes: {
      type: "boolean",
      alias: "y",
      description: "Don't ask, but for the servers of a project's file that was found here: name that file for those",
    },
    ...FLAGS,
  },
  examples: [
    ["auth mcp login --all", "what the clients here are told of, one login after the other"],
    ["auth mcp login --all .mcp.json", "the servers of that file"],
    ["auth mcp login --all --yes --via https://login.example.com", "by your company's login, with no browser"],
  ],
  run: (cli, args) =>
    inSession(cli, (session) => {
      const { all = false, file, yes = false, ...flags } = args;
      if (!all)
        throw usage("Log in to which servers?", "All that are configured: auth mcp login --all\nOne: auth login <url>");
      return loginAll(cli, session, file, yes, flags);
    }),
});

type State =
  | "program"
  | "left"
  | "connected"
  | "not_logged_in"
  | "logged_in"
  | "no_login_needed"
  | "declined"
  | "failed";

/** A server, which several files may name. */
interface Server {
  readonly url: string | null;
  /** The connection's name, where a file gives it. */
  readonly profile: string | undefined;
  /** Scheme, host and port, since path and query may hold a secret. null: it has no usable URL. */
  readonly origin: string | null;
  readonly named: readonly FoundServer[];
  readonly state: State;
  /** Why it is skipped. */
  readonly why: string | null;
  readonly ref: ConnectionRef | null;
  readonly error?: AuthError;
}

async function loginAll(
  cli: Cli,
  session: Session,
  file: string | undefined,
  yes: boolean,
  flags: Flags,
): Promise<number> {
  const where = surroundingsOf(cli.context.env);
  const looked =
    file === undefined ? await lookEverywhere(where) : { servers: await lookInFile(file, where), refused: [] };
  for (const { message } of looked.refused) cli.output.warn(message);
  const servers = await Promise.all([...byPlace(looked.servers)].map((named) => serverOf(session, named)));
  for (const server of servers) if (!cli.output.isJson) cli.output.say(lineOf(server));
  const wanting = servers.filter(({ state }) => state === "not_logged_in");
  const { agreed, isRefused } = await agreedTo(cli, wanting, file, yes);
  const ends: Server[] = [];
  for (const server of servers) {
    const end = agreed.includes(server) ? await logIn(cli, session, server, flags) : unasked(server);
    ends.push(end);
    await tell(cli, server, end);
  }
  await summarize(cli, ends);
  const errors = [...looked.refused, ...ends.flatMap(({ error }) => error ?? [])];
  const codes = errors.map(({ code }) => EXIT_CODES[code]);
  return worst(isRefused ? [...codes, EXIT_CODES.usage] : codes);
}

/** Merges entries with the same URL and connection name; entries without a URL stay separate. */
function byPlace(found: readonly FoundServer[]): Iterable<readonly FoundServer[]> {
  const placeOf = ({ url, profile = "" }: FoundServer): string | null => {
    const comparable = url && comparableUrl(url);
    return comparable && `${comparable} ${profile.toLowerCase()}`;
  };
  return Map.groupBy(found, (one) => placeOf(one) ?? one).values();
}

async function serverOf(session: Session, named: readonly FoundServer[]): Promise<Server> {
  // A login helps where at least one client needs a token.
  const one = named.find(({ skipReason }) => skipReason === null) ?? named[0];
  const url = one?.url ?? null;
  const profile = one?.profile;
  const blank = { url, profile, origin: null, named, why: one?.skipReason ?? null, ref: null };
  if (url === null) return { ...blank, state: "program" };
  const origin = URL.canParse(url) ? originOf(url) : null;
  if (one?.skipReason !== null) return { ...blank, origin, state: "left" };
  const fault = addressFault(url);
  if (fault !== null) return { ...blank, origin, state: "left", why: `its URL ${fault}` };
  if (profile !== undefined && !isName(profile))
    return { ...blank, origin, state: "left", why: "what it names is no connection" };
  return { ...blank, origin, ...(await loginThere(session, url, profile)) };
}

/** The login that `auth login <url>` would make. A fault concerns this server alone. */
async function loginThere(
  session: Session,
  url: string,
  profile: string | undefined,
): Promise<Pick<Server, "state" | "ref" | "error">> {
  try {
    const found = await loginAt(session, url, profile);
    if (found === null) return { state: "not_logged_in", ref: null };
    const { ref } = found;
    const { status } = stateOf((await requireStored(session, ref)).record, session.context.now());
    return { state: status === "connected" ? "connected" : "not_logged_in", ref };
  } catch (error) {
    return { state: "failed", ref: null, error: failureOf(error) };
  }
}

interface Agreed {
  readonly agreed: readonly Server[];
  /** No login begins, since no person could be asked. */
  readonly isRefused: boolean;
}

/**
 * The servers of a person's own files with one question; each of a project's with one of its own, which only a terminal can
 * answer, or the file's name on the command line.
 */
async function agreedTo(cli: Cli, wanting: readonly Server[], file: string | undefined, yes: boolean): Promise<Agreed> {
  const isOfProject = ({ named }: Server): boolean => named.every(({ isProjects }) => isProjects);
  const [ofProjects, own] = [wanting.filter(isOfProject), wanting.filter((one) => !isOfProject(one))];
  const agreed: Server[] = [];
  const again = commandLine(["auth", "mcp", "login", "--all", ...(file === undefined ? [] : [file]), "--yes"]);
  const places = own.map(({ origin }) => origin).join(", ");
  if (own.length > 0) {
    await requireConsent(cli, `Log in at ${places}?`, yes, `To log in at ${places}: ${again}`);
    agreed.push(...own);
  }
  const isAsked = !cli.output.isJson && (await cli.interactive());
  for (const server of ofProjects) {
    const [{ file: project } = { file: "" }] = server.named;
    const where = `${project} names ${server.origin}`;
    if (!isAsked)
      cli.output.warn([`${where}: no login begins there unasked.`, `If you trust it: ${commandFor(server)}`]);
    else if (await (await import("../../platform/prompt.ts")).confirm(`${where}. Log in there?`)) agreed.push(server);
  }
  return { agreed, isRefused: ofProjects.length > 0 && !isAsked && agreed.length === 0 };
}

/** The command for that server alone. A URL that may hold a secret isn't shown. */
function commandFor({ url, profile }: Server): string {
  const isShown = url !== null && withoutRandomWords(url) === url;
  const named = profile === undefined ? [] : ["-p", profile];
  return commandLine(["auth", "login", isShown ? url : placeholder("its URL"), ...named]);
}

function unasked(server: Server): Server {
  return server.state === "not_logged_in"
    ? { ...server, state: "declined", why: "you were not asked, or said no" }
    : server;
}

async function logIn(cli: Cli, session: Session, server: Server, flags: Flags): Promise<Server> {
  const { url } = server;
  if (url === null) return server;
  try {
    const target = await targetOf(cli, session, url, server.ref?.name ?? server.profile);
    if (target.api === undefined) {
      await requireOpen(session.context.http, url);
      return { ...server, state: "no_login_needed" };
    }
    const { request, display: how, secrets } = await loginCallFrom(cli, session, target, flags);
    const { ref } = await loginOrExplain(cli, session, { ...request, ...(await secrets()) }, how);
    return { ...server, state: "logged_in", ref };
  } catch (error) {
    return { ...server, state: "failed", error: failureOf(error) };
  }
}

/** @throws what ends the run: that a person interrupts it */
function failureOf(error: unknown): AuthError {
  const failure = asAuthError(error);
  if (failure.code === "interrupted") throw error;
  return withoutSecrets(failure);
}

/** The path or the query of a server's URL may hold a key. */
function withoutSecrets(error: AuthError): AuthError {
  const { message, hint } = error;
  return error.restated({
    message: withoutRandomWords(message),
    ...(hint !== undefined && { hint: withoutRandomWords(hint) }),
  });
}

const WORDS: Readonly<Record<State, string>> = {
  program: "a program, no login",
  left: "left alone",
  connected: "logged in already",
  not_logged_in: "no login yet",
  logged_in: "logged in",
  no_login_needed: "takes no tokens",
  declined: "left alone",
  failed: "failed",
};

function nameOf({ named }: Server): string {
  return [...new Set(named.map(({ client, name }) => `${client}: ${escapeText(name)}`))].join(", ");
}

function lineOf(server: Server): string {
  const { origin, state, why } = server;
  return `${nameOf(server)}${origin === null ? "" : ` (${origin})`}: ${WORDS[state]}${state === "left" && why ? `, ${why}` : ""}`;
}

async function tell(cli: Cli, before: Server, { named, origin, state, why, ref, error }: Server): Promise<void> {
  const connection = ref && withoutRandomWords(display(ref));
  if (cli.output.isJson) {
    const servers = named.map(({ client, name, file }) => ({ client, name, file }));
    const { code, message, hint = null } = error ?? {};
    const failure = error === undefined ? {} : { error: { code, message, hint } };
    return cli.output.event({ event: "server", origin, state, why, connection, servers, ...failure });
  }
  if (error !== undefined) {
    const [what, ...more] = errorWords(error);
    return cli.output.warn([`${nameOf(before)}: ${what}`, ...more]);
  }
  if (state === before.state || state === "declined") return;
  if (state === "logged_in") cli.output.success(`${nameOf(before)}: logged in to ${connection}`);
  else cli.output.say(`${nameOf(before)}: ${WORDS[state]}`);
}

async function summarize(cli: Cli, ends: readonly Server[]): Promise<void> {
  const count = (...states: readonly State[]): number => ends.filter(({ state }) => states.includes(state)).length;
  const summary = {
    loggedIn: count("logged_in"),
    connected: count("connected"),
    noLogin: count("program", "no_login_needed"),
    left: count("left", "declined"),
    failed: count("failed"),
  };
  if (cli.output.isJson) return cli.output.event({ summary });
  if (ends.length === 0) return cli.output.say("No file here names an MCP server.");
  const { loggedIn, connected, noLogin, left, failed } = summary;
  cli.output.say(
    `${loggedIn} logged in, ${connected} before, ${noLogin} without a login, ${left} left alone, ${failed} failed`,
  );
}
