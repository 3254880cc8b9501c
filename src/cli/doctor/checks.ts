/** What `doctor` looks at, one function for each thing: what needs no vault first, then what a fault would matter for most. */
import type { Connection } from "../../connections/record.ts";
import { type ConnectionRef, display, typed } from "../../connections/ref.ts";
import { environmentTokens, ignoresEnvironment } from "../../connections/select.ts";
import { stateOf } from "../../connections/status.ts";
import { listConnections, type Stored } from "../../connections/store.ts";
import { canOpenBrowser } from "../../platform/browser.ts";
import { AuthError } from "../../platform/errors.ts";
import { viewOf } from "../provider/view.ts";
import type { Session } from "../session.ts";
import { checkClocks } from "./clocks.ts";
import { broken, doubtful, type Examine, type Found, fine, unknown } from "./found.ts";
import { examineFileSystem, examineKey, examineModes, examineVault, placeForNewVault } from "./places.ts";

export const CHECKS: Readonly<Record<string, Examine>> = {
  "file system": examineFileSystem,
  modes: examineModes,
  vault: examineVault,
  key: examineKey,
  writing: examineWriting,
  locks: examineLocks,
  connections: examineConnections,
  environment: examineEnvironment,
  network: examineNetwork,
  clock: examineClock,
  plugins: examinePlugins,
  log: examineLog,
  browser: async ({ context }) => [
    canOpenBrowser(context.env)
      ? fine("a browser can be opened")
      : fine("no browser can be opened here: logins show a code or a URL instead"),
  ],
};

/** Each that is installed: whether it can be used, and whether it stands in for another. */
async function examinePlugins(session: Session): Promise<Found[]> {
  const ids = await session.registry.everyId();
  const kinds = await Promise.all(ids.map((id) => session.registry.kindOf(id)));
  const installed = ids.filter((_, i) => kinds[i] === "installed");
  const views = await Promise.all(installed.map((id) => viewOf(session, id)));
  const found = views.flatMap(({ id, fault, replaces, trust }): Found[] => [
    ...(fault === null ? [] : [doubtful(fault, `auth provider ${trust === "unusable" ? "check" : "trust"} ${id}`)]),
    ...(replaces
      ? [doubtful(`${id} may stand in for, or use what belongs to, another provider`, `auth provider remove ${id}`)]
      : []),
  ]);
  return [fine(`${ids.length - installed.length} providers are part of auth, ${installed.length} installed`), ...found];
}

/** What a login tries before it asks anyone. */
async function examineWriting(session: Session): Promise<Found[]> {
  const vault = await openVault(session);
  if (vault === "closed") return [CLOSED];
  try {
    if (vault === null) placeForNewVault(session.context);
    else await vault.requireWritable("doctor");
    return [fine("a login can be stored")];
  } catch (error) {
    return broken(error);
  }
}

/** Takes and releases a lock of its own, as a refresh would. */
async function examineLocks(session: Session): Promise<Found[]> {
  const vault = await openVault(session);
  if (vault === "closed") return [CLOSED];
  if (vault === null) return [];
  try {
    const lock = await vault.tryLock("doctor");
    lock?.release();
    return [lock === null ? doubtful("another doctor holds the test lock") : fine("can be taken and released")];
  } catch (error) {
    return broken(error);
  }
}

async function examineConnections(session: Session): Promise<Found[]> {
  const vault = await openVault(session);
  if (vault === "closed") return [CLOSED];
  const all = vault === null ? [] : await listConnections(vault);
  if (all.length === 0) return [fine("none yet")];
  const now = session.context.now();
  return all.map(({ ref, record }) => {
    const { status, reason } = stateOf(record, now);
    const words = `${display(ref)} is ${status}${reason === null ? "" : ` (${reason})`}`;
    if (status === "connected" && reason === null) return fine(words);
    return doubtful(words, remedyFor(status, ref, record));
  });
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

/** Tokens in the environment that win over logins in the vault. */
async function examineEnvironment(session: Session): Promise<Found[]> {
  if (ignoresEnvironment(session.context.env)) return [fine("AUTH_IGNORE_ENV is set: its tokens are not looked at")];
  const found = await environmentTokens(session);
  if (found.length === 0) return [fine("holds no provider's token")];
  const all = await connectionsOf(session);
  const stored = new Set(all === "closed" ? [] : all.map(({ ref }) => ref.provider));
  return found.map(({ provider, token }) =>
    stored.has(provider)
      ? doubtful(
          `${token.variable} wins over the stored login of ${provider}`,
          `Unset ${token.variable}, or name the connection in full.`,
        )
      : fine(`${token.variable} holds a token of ${provider}`),
  );
}

/** Variables by which traffic or trust is redirected: they are honoured, so they are named (RULES.md 3.2). */
const NETWORK_VARIABLES =
  /^(https?_proxy|all_proxy|no_proxy|node_extra_ca_certs|ssl_cert_(file|dir)|node_tls_reject_unauthorized|bun_config_verbose_fetch)$/i;

async function examineNetwork({ context }: Session): Promise<Found[]> {
  const set = Object.keys(context.env).filter((name) => NETWORK_VARIABLES.test(name) && context.env[name]);
  if (set.length === 0) return [fine("no proxy and no certificate variable is set")];
  return [doubtful(`set: ${set.join(", ")}`, "They lead or vouch for every request; make sure that they are yours.")];
}

async function examineLog({ context }: Session): Promise<Found[]> {
  const { appendLine } = await import("../../platform/journal.ts");
  const reason = await appendLine(context.paths.log, `${new Date(context.now()).toISOString()} doctor`);
  return [reason === null ? fine("can be written") : doubtful(`can't be written: ${reason}`)];
}

async function examineClock(session: Session, offline: boolean): Promise<Found[]> {
  if (offline) return [fine("not compared: --offline")];
  const all = await connectionsOf(session);
  return all === "closed" ? [CLOSED] : checkClocks(session, all);
}

const CLOSED = unknown("the vault can't be opened");

async function connectionsOf(session: Session): Promise<Stored[] | "closed"> {
  const vault = await openVault(session);
  if (vault === null || vault === "closed") return vault ?? [];
  try {
    return await listConnections(vault);
  } catch (error) {
    if (error instanceof AuthError) return "closed";
    throw error;
  }
}

/** null: there is none. */
async function openVault(session: Session): Promise<Awaited<ReturnType<Session["vault"]>> | "closed"> {
  try {
    return await session.vault();
  } catch (error) {
    if (error instanceof AuthError) return "closed";
    throw error;
  }
}
