/** The checks of `doctor`, one function each. Those without the vault come first. */
import type { Connection } from "../../connections/record.ts";
import { type ConnectionRef, display, typed } from "../../connections/ref.ts";
import { environmentTokens, ignoresEnvironment } from "../../connections/select.ts";
import { stateOf } from "../../connections/status.ts";
import { renewalFault } from "../../connections/token-endpoint.ts";
import { canOpenBrowser } from "../../platform/browser.ts";
import { CERTIFICATE_FILES, certificateFileFault } from "../../platform/certificate-files.ts";
import type { Context } from "../../platform/context.ts";
import { AuthError } from "../../platform/errors.ts";
import { HttpError } from "../../platform/http-failure.ts";
import { appendLine } from "../../platform/journal.ts";
import { LIMITS } from "../../platform/limits.ts";
import { FOLDER_FILE } from "../../platform/paths.ts";
import { commandLine } from "../../platform/shell-word.ts";
import { originOf } from "../../platform/url.ts";
import { storeAt } from "../../vault/store.ts";
import type { Vault } from "../../vault/types.ts";
import { viewOf } from "../provider/view.ts";
import type { Session } from "../session.ts";
import { checkedSetups, lineOf, remediesFor } from "../setup/checked.ts";
import { everythingOf } from "../stored.ts";
import { broken, doubtful, type Examine, type Found, fine, unknown } from "./found.ts";
import { examineFileSystem, examineKey, examineModes, examineVault } from "./places.ts";

export const CHECKS: Readonly<Record<string, Examine>> = {
  "file system": examineFileSystem,
  modes: examineModes,
  vault: examineVault,
  key: examineKey,
  writing: withVault(examineWriting),
  locks: withVault(examineLocks),
  connections: withVault(examineConnections),
  environment: examineEnvironment,
  folder: withVault(examineFolder),
  network: examineNetwork,
  clock: withVault(examineClock),
  plugins: examinePlugins,
  setups: examineSetups,
  log: examineLog,
  browser: async ({ context }) => [
    canOpenBrowser(context.env)
      ? fine("a browser can be opened")
      : fine("no browser can be opened here: logins show a code or a URL instead"),
  ],
};

type ExamineVault = (session: Session, vault: Vault | null, offline: boolean) => Promise<Found[]>;

/** A check that needs the open vault, if there is one. `vault` and `key` report why it can't be opened. */
function withVault(examine: ExamineVault): Examine {
  return async (session, offline) => {
    const vault = await session.vault().catch(ifOurs("closed" as const));
    return vault === "closed" ? [unknown("the vault can't be opened")] : examine(session, vault, offline);
  };
}

/** Returns a value instead of an AuthError. */
function ifOurs<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof AuthError) return value;
    throw error;
  };
}

/** Each installed plugin: whether it can be used, and whether it replaces another provider. */
async function examinePlugins(session: Session): Promise<Found[]> {
  const ids = await session.registry.everyId();
  const kinds = await Promise.all(ids.map((id) => session.registry.kindOf(id)));
  const installed = ids.filter((_, i) => kinds[i] === "installed");
  const views = await Promise.all(installed.map((id) => viewOf(session, id)));
  const found = views.flatMap(({ id, fault, replaces, trust }): Found[] => [
    ...(fault === null ? [] : [doubtful(fault, `auth provider ${trust === "unusable" ? "check" : "trust"} ${id}`)]),
    ...(replaces
      ? [doubtful(`${id} may replace another provider, or use what belongs to it`, `auth provider remove ${id}`)]
      : []),
  ]);
  return [fine(`${ids.length - installed.length} providers are part of auth, ${installed.length} installed`), ...found];
}

/** Setups of other programs that don't work any more, with the command that mends each. */
async function examineSetups(session: Session): Promise<Found[]> {
  const all = await checkedSetups(session);
  const failed = all.filter(({ state }) => state !== "stands");
  if (failed.length > 0) return failed.map((one) => doubtful(lineOf(one), remediesFor(one)[0]));
  return [fine(all.length === 0 ? "no program was set up" : "every program that was set up still is")];
}

/** What a login checks first. */
async function examineWriting({ context }: Session, vault: Vault | null): Promise<Found[]> {
  if (vault === null) await storeAt(context).requirePlace();
  else await vault.requireWritable("doctor");
  return [fine("a login can be stored")];
}

/** Takes and releases a test lock, as a refresh would. */
async function examineLocks(_: Session, vault: Vault | null): Promise<Found[]> {
  if (vault === null) return [];
  const lock = await vault.tryLock("doctor");
  lock?.release();
  return [lock === null ? doubtful("another doctor holds the test lock") : fine("can be taken and released")];
}

async function examineConnections(session: Session): Promise<Found[]> {
  const { stored: all, unreadable } = await everythingOf(session);
  if (all.length === 0 && unreadable.length === 0) return [fine("none yet")];
  const now = session.context.now();
  const services = await session.services();
  const faults = await Promise.all(all.map(({ record }) => renewalFault(services, record)));
  const readable = all.map(({ ref, record }, i) => {
    const { status, reason } = stateOf(record, now);
    const words = `${display(ref)} is ${status}${reason === null ? "" : ` (${reason})`}`;
    const fault = faults[i];
    if (fault) return doubtful(`${words}, but can't be renewed: ${fault.message}`, fault.hint ?? null);
    if (status === "connected" && reason === null) return fine(words);
    return doubtful(words, remedyFor(status, ref, record));
  });
  return [...readable, ...unreadable.flatMap(({ error }) => broken(error))];
}

function remedyFor(status: string, ref: ConnectionRef, record: Connection): string {
  switch (status) {
    case "misconfigured":
      return record.failure?.hint ?? `auth refresh ${typed(ref)} --force`;
    case "connected":
    case "expired":
      return `auth refresh ${typed(ref)} --force`;
    default:
      return `auth login ${typed(ref)}`;
  }
}

/** Tokens in the environment that take precedence over logins in the vault. */
async function examineEnvironment(session: Session): Promise<Found[]> {
  if (ignoresEnvironment(session.context.env)) return [fine("AUTH_IGNORE_ENV is set: its tokens are not looked at")];
  const found = await environmentTokens(session);
  if (found.length === 0) return [fine("holds no provider's token")];
  const all = await everythingOf(session).catch(ifOurs({ stored: [] }));
  const stored = new Set(all.stored.map(({ ref }) => ref.provider));
  return found.map(({ provider, token }) =>
    stored.has(provider)
      ? doubtful(
          `${token.variable} wins over the stored login of ${provider}`,
          `Unset ${token.variable}, or name the connection in full.`,
        )
      : fine(`${token.variable} holds a token of ${provider}`),
  );
}

/** Which file decides here, and those that aren't allowed. */
async function examineFolder(session: Session): Promise<Found[]> {
  const state = await session.folder();
  if (state === null) return [fine(`no ${FOLDER_FILE} is here or above`)];
  const { inWords } = await import("../../connections/folder/meanings.ts");
  const { decidingFile, refused, passedOver } = state;
  return [
    ...(decidingFile === null ? [] : [fine(`${decidingFile.file} decides here: ${inWords(decidingFile)}`)]),
    ...(refused === null ? [] : broken(refused)),
    ...passedOver.map(({ path, fault }) =>
      fault === null
        ? doubtful(
            `${path} isn't allowed, so it isn't used`,
            `Look at it, then: ${commandLine(["auth", "allow", path])}`,
          )
        : doubtful(`${path} isn't used: ${fault}`, `To hear no more of it: ${commandLine(["auth", "deny", path])}`),
    ),
    ...((decidingFile ?? refused ?? passedOver[0]) ? [] : [fine(`the ${FOLDER_FILE} that is here is denied`)]),
  ];
}

/** Variables that redirect traffic or add trust: they are honoured, so they are reported (RULES.md 3.2). */
const NETWORK_VARIABLES =
  /^(https?_proxy|all_proxy|no_proxy|node_extra_ca_certs|ssl_cert_(file|dir)|node_tls_reject_unauthorized|bun_config_verbose_fetch)$/i;

async function examineNetwork({ context }: Session): Promise<Found[]> {
  const set = Object.keys(context.env).filter((name) => NETWORK_VARIABLES.test(name) && context.env[name]);
  if (set.length === 0) return [fine("no proxy and no certificate variable is set")];
  const faults = CERTIFICATE_FILES.flatMap((name) => {
    const fault = certificateFileFault(context.env, name);
    return fault === null ? [] : [doubtful(fault, `Correct ${name}, or unset it.`)];
  });
  return [
    ...faults,
    doubtful(`set: ${set.join(", ")}`, "They lead or vouch for every request; make sure that they are yours."),
  ];
}

async function examineLog({ context }: Session): Promise<Found[]> {
  const reason = await appendLine(context.paths.log, `${new Date(context.now()).toISOString()} doctor`);
  if (reason === null) return [fine("can be written")];
  const [why, remedy = null] = reason.split("\n");
  return [doubtful(`can't be written: ${why}`, remedy)];
}

/** With a larger difference, expired tokens would look fresh, or assertions be refused. */
const TOLERANCE_SECONDS = 60;

/** This machine's clock against the providers': expiries and signed assertions depend on it. */
async function examineClock(session: Session, _: Vault | null, offline: boolean): Promise<Found[]> {
  if (offline) return [fine("not compared: --offline")];
  const endpoints = (await everythingOf(session)).stored.map(({ record }) => record.pinned?.endpoints.token);
  const origins = new Set(endpoints.filter((url) => url !== undefined).map(originOf));
  if (origins.size === 0) return [fine("there is no provider yet to compare it with")];
  return Promise.all([...origins].map((origin) => compareClock(session.context, origin)));
}

async function compareClock(context: Context, origin: string): Promise<Found> {
  try {
    const { headers } = await context.http({ method: "GET", url: `${origin}/`, timeout: LIMITS.account });
    const theirs = Date.parse(headers.get("date") ?? "");
    if (Number.isNaN(theirs)) return fine(`${origin} sends no date`);
    const seconds = Math.round((context.now() - theirs) / 1000);
    if (Math.abs(seconds) <= TOLERANCE_SECONDS) return fine(`agrees with ${origin}`);
    return doubtful(
      `is ${Math.abs(seconds)} s ${seconds > 0 ? "ahead of" : "behind"} ${origin}`,
      "Set it right (NTP): tokens may be taken for fresh, or refused.",
    );
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    // `http` doesn't return a redirect's headers; but the provider answers.
    if (error.failure === "redirected") return fine(`${origin} answers`);
    return doubtful(`${origin} can't be reached: ${error.reason}`, error.remedy);
  }
}
