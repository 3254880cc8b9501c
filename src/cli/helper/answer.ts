/**
 * Answers a client in its protocol, and writes nothing else to stdout. Never asks a person, never opens a browser; an error
 * is one line on stderr (RULES.md §5).
 */
import { connectionFor, connectionsHolding, isFor, requireFor } from "../../connections/by-origin.ts";
import { type ConnectionRef, isAddress, parseSelector, sameName } from "../../connections/ref.ts";
import { inVault, profileOf, type Selected, select } from "../../connections/select.ts";
import {
  BadRequest,
  type Call,
  type ClientRequest,
  OutOfReach,
  type Protocol,
  type Reply,
} from "../../inject/helpers/protocol.ts";
import { HELPERS } from "../../inject/helpers/table.ts";
import type { Environment } from "../../platform/context.ts";
import { AuthError, usage } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import { createInput } from "../../platform/input.ts";
import { shellWord } from "../../platform/shell-word.ts";
import { type Acquired, acquire } from "../acquire.ts";
import type { Cli } from "../context.ts";
import { asAuthError } from "../exit.ts";
import { inSession, READS, type Session } from "../session.ts";
import { type HelperCall, readCall, splitWords } from "./call.ts";
import { credentialOf } from "./credential.ts";

/** Bytes: more than any client sends. */
const LONGEST_REQUEST = 1024 * 1024;

type TokenRequest = Extract<ClientRequest, { kind: "token" }>;
type RejectedRequest = Extract<ClientRequest, { kind: "rejected" }>;
type Named = HelperCall & { readonly connection: string | undefined };

/**
 * @param client one of HELPERS
 * @param argv what follows the client's name
 * @returns the exit code
 */
export async function answer(cli: Cli, client: string, argv: readonly string[]): Promise<number> {
  const protocol = (await HELPERS[client]?.load())?.default;
  if (protocol === undefined) throw new AuthError("internal", `There is no helper for ${client}.`);
  const input = createInput(LONGEST_REQUEST, (why) => new BadRequest(`The request ${why}.`));
  let call: Call = { words: [], env: cli.context.env, line: input.line, text: input.rest };
  const fail = (error: unknown): Promise<number> => write(cli, failureOf(protocol, error, call));
  try {
    const given = readCall(argv);
    const { connection, own } = splitWords(protocol, given.words);
    call = { ...call, words: own };
    if (protocol.needsConnection && (connection ?? given.profile ?? call.env.AUTH_PROFILE) === undefined)
      throw usage(`A connection must be named: auth helper ${shellWord(client)} <connection>`, "");
    const greeting = protocol.greeting?.(call);
    if (greeting) await write(cli, { stdout: greeting });
    for (;;) {
      const code = await answerOne(cli, protocol, { ...given, connection }, call).catch(fail);
      if (code === null) return 0;
      if (!protocol.converses?.(call)) return code;
    }
  } catch (error) {
    return fail(error);
  }
}

/** @returns the exit code; null: nothing more is asked */
async function answerOne(cli: Cli, protocol: Protocol, named: Named, call: Call): Promise<number | null> {
  const asked = await protocol.ask(call).catch((error: unknown) => {
    if (!(error instanceof OutOfReach)) throw error;
    cli.context.debug(oneLine(error));
    return { kind: "reply" as const, reply: protocol.none(call) };
  });
  switch (asked?.kind) {
    case undefined:
      return null;
    case "reply":
      return write(cli, asked.reply);
    case "rejected":
      return refreshRejected(cli, named, asked);
    case "token":
      return answerToken(cli, protocol, asked.configured === undefined ? named : configuredBy(asked), call, asked);
  }
}

function configuredBy({ configured = [] }: TokenRequest): Named {
  const given = readCall(configured);
  const [connection, ...others] = given.words;
  if (others.length > 0) throw usage("There are too many words in this call.");
  return { ...given, connection };
}

function answerToken(cli: Cli, protocol: Protocol, named: Named, call: Call, asked: TokenRequest): Promise<number> {
  const respond = async (session: Session): Promise<number> => {
    const selected = await connectionWanted(session, named, asked);
    if (selected === null) {
      if (asked.place !== null) cli.context.debug(`auth: no connection is for ${asked.place.origin}`);
      return write(cli, protocol.none(call));
    }
    const acquired = await acquireFor(session, selected, named, asked, protocol);
    if (acquired.warning !== null && !protocol.readsErrors)
      cli.output.notice(`auth: ${acquired.warning.replaceAll("\n", " ")}`);
    const { connection } = acquired;
    await cli.context.audit({ event: "token_read", status: "success", connection });
    const reach = { selected, origins: named.origins };
    const credential = await credentialOf(session, acquired, asked.place, protocol.margin, reach);
    return write(cli, await asked.answer(credential));
  };
  const { timeLimit } = protocol;
  const inTime = async (session: Session): Promise<number> =>
    respond(
      timeLimit === null ? session : { ...session, refreshElsewhere: refresherWithin(cli.context.env, timeLimit) },
    );
  return inSession(cli, inTime, { ...READS, isHeard: false });
}

async function acquireFor(
  session: Session,
  selected: Selected,
  { minTtl, idToken }: Named,
  { resource }: TokenRequest,
  protocol: Protocol,
): Promise<Acquired> {
  const milliseconds = minTtl ?? protocol.minTtl * 1000;
  if (!idToken) return acquire(session, selected, milliseconds, undefined, resource ?? null);
  return (await import("./id-token.ts")).acquireIdToken(session, selected, milliseconds);
}

/**
 * The connection that the call names; else the one for the place.
 * @returns null where none is
 * @throws AuthError `origin_mismatch` where the one that was named isn't for that place
 */
async function connectionWanted(session: Session, named: Named, asked: TokenRequest): Promise<Selected | null> {
  const { place } = asked;
  const { connection: argument = asked.connection, origins } = named;
  const profile = profileOf(session.context.env, argument, named.profile);
  if (place === null || (argument !== undefined && (argument.includes(":") || isAddress(argument)))) {
    const selected = await select(session, { argument, profile: named.profile, stored: false });
    if (place !== null && !origins.includes(place.origin)) await requireFor(session, selected, place.origin);
    return selected;
  }
  if (origins.length > 0 && (argument ?? profile) === undefined)
    throw usage(
      "--origin is for the connection that is named, and none is.",
      "Name one before it, as 'auth list' has it.",
    );
  const provider = argument === undefined ? null : await session.registry.require(argument.toLowerCase());
  const { origin, user } = place;
  return connectionFor(session, { origin, user, provider, profile, isAdded: origins.includes(origin) });
}

/**
 * The client kills this process after its time limit, so another process refreshes, and continues then. The client gets the
 * current token, if that is still valid.
 *
 * @param limit seconds, from this process's start
 */
function refresherWithin(env: Environment, limit: number): NonNullable<Session["refreshElsewhere"]> {
  return async (ref, options) => {
    const { refreshBeside } = await import("./refresher.ts");
    const end = (limit - SPARE) * 1000;
    if (await refreshBeside(env, ref, options, end - performance.now())) return;
    throw new AuthError("busy", `There was no new token within ${limit - SPARE} seconds.`, { hint: "Try again." });
  };
}

/** Seconds that are left for the answer. */
const SPARE = 2;

/** Refreshes the refused token, for the next request. An unknown or replaced token changes nothing. */
async function refreshRejected(cli: Cli, named: Named, { place, token, reply }: RejectedRequest): Promise<number> {
  try {
    await inSession(
      cli,
      async (session) => {
        const vault = await session.vault();
        if (vault === null) return;
        const meant =
          named.connection === undefined || isAddress(named.connection) ? null : parseSelector(named.connection);
        // `--origin` is for the named connection only.
        for (const stored of await connectionsHolding(session, vault, token, place.origin, named.origins))
          if (meant === null || isMeant(meant, stored.ref) || (await isFor(session, stored, place.origin)))
            await acquire(session, inVault(stored.ref), 0, token);
      },
      READS,
    );
  } catch (error) {
    cli.output.debug(oneLine(error));
  }
  return write(cli, reply);
}

function isMeant(meant: ReturnType<typeof parseSelector>, ref: ConnectionRef): boolean {
  return meant.provider === ref.provider && (meant.name === null || sameName(meant.name, ref.name));
}

async function write(cli: Cli, { stdout, stderr, exitCode = 0 }: Reply): Promise<number> {
  if (stdout) await cli.output.raw(stdout);
  if (stderr) cli.output.notice(stderr);
  return exitCode;
}

function failureOf(protocol: Protocol, error: unknown, call: Call): Reply {
  const code = error instanceof BadRequest ? undefined : asAuthError(error).code;
  return protocol.failure(oneLine(error), call, code);
}

/** What happened and what to do, on one line. */
function oneLine(error: unknown): string {
  if (error instanceof BadRequest) return escapeText(`auth: ${error.message}`);
  const { message, hint } = asAuthError(error);
  // Indented lines are left out here.
  const remedies = (hint ?? "").split("\n").filter((line) => line !== "" && !line.startsWith("  "));
  return escapeText(`auth: ${[message, ...remedies].reduce(after).trim()}`);
}

/** A command ends where the next remedy begins. */
function after(before: string, remedy: string): string {
  return /(^|[.?!:])$/.test(before)
    ? `${before} ${remedy}`
    : `${before}; ${remedy.replace(/^(Or|To) /, (word) => word.toLowerCase())}`;
}
