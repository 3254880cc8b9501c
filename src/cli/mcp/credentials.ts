/** The token for an MCP server, request by request: from the vault, refreshed once where it is refused, else by a login. */
import { connectionError, display, typed } from "../../connections/ref.ts";
import { requireLoginFor } from "../../connections/same-place.ts";
import { readConnection, type Stored } from "../../connections/store.ts";
import type { Authorize, Credentials, Refusal } from "../../mcp/authorize.ts";
import type { BearerChallenge } from "../../oauth/challenge.ts";
import type { ProofKey } from "../../oauth/dpop.ts";
import { AuthError, type ErrorCode } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import type { Secret } from "../../platform/secret.ts";
import { commandLine } from "../../platform/shell-word.ts";
import { withoutQuery } from "../../platform/url.ts";
import { type Acquired, acquire, acquiredFrom } from "../acquire.ts";
import type { Cli } from "../context.ts";
import { type Session, servicesFor } from "../session.ts";
import { type Connection, loginAt } from "./connection.ts";
import type { Login } from "./login.ts";

/** The credentials that a server was sent. */
interface Shown extends Credentials {
  /** null: no token. */
  readonly token: Secret | null;
  /** It has replaced a refused one, and isn't replaced again. */
  readonly isSecond?: true;
  /** A login for more scopes was made for this message: there is no second one. */
  readonly hasMore?: true;
}

type Call = Parameters<Authorize>[0];
type Method = Call["method"];
type Refused = Call & { readonly refusal: Refusal };

const NOTHING_YET: readonly string[] = [];
const SHOWN_NOTHING: Shown = { headers: {}, token: null };

/** What a new login ends. */
const LOGIN_HELPS: readonly ErrorCode[] = [
  ...["connection_not_found", "login_required", "token_expired"],
  ...["refresh_token_invalid", "refresh_refused", "rotation_lost", "interaction_required"],
] as const;

/** @param profile the connection's name, by `-p` */
export function credentialsFor(
  cli: Cli,
  session: Session,
  url: string,
  profile: string | undefined,
  login: () => Promise<Login>,
): Authorize {
  let connection: Connection | null = null;
  let last: Shown = SHOWN_NOTHING;
  /** The key that the token is bound to (RFC 9449 §7). */
  let proof: ProofKey | null = null;
  let keyOf: { readonly token: Secret; readonly key: Secret } | null = null;
  let isSearched = false;

  /** A login that is made later is found when the server refuses. */
  const find = async (): Promise<Connection | null> => {
    isSearched = true;
    connection = await loginAt(session, url, profile);
    return connection;
  };

  const show = async (acquired: Acquired, method: Method): Promise<Shown> => {
    const { token, warning, stored } = acquired;
    if (stored !== null) requireLoginFor(stored, url);
    if (warning !== null) (await login()).tell(warning);
    if (last.token?.equals(token) !== true) {
      const { headersOf } = await import("../headers.ts");
      const headers = (await headersOf(session, acquired)).map(([name, value]) => [name.toLowerCase(), value.reveal()]);
      last = { headers: Object.fromEntries(headers), token };
      await cli.context.audit({ event: "token_read", status: "success", connection: acquired.connection });
    }
    const { proofKey, tokenType } = stored?.record.tokens ?? {};
    if (stored === null || (proofKey === undefined && tokenType?.toLowerCase() !== "dpop")) {
      proof = null;
      return last;
    }
    const key = proofKey ?? (keyOf?.token.equals(token) ? keyOf.key : await keyHere(cli, stored));
    keyOf = { token, key };
    if (proof?.key.equals(key) !== true) proof = new (await import("../../oauth/dpop.ts")).ProofKey(key, true);
    return proved(method);
  };

  /** The last credentials, with a new proof for this request where the token is bound to a key. */
  const proved = async (method: Method): Promise<Shown> => {
    if (proof === null || last.token === null) return last;
    return { ...last, headers: { ...last.headers, dpop: await proof.proofFor(method, url, last.token) } };
  };

  const current = async (method: Method): Promise<Shown> => {
    const selected = connection ?? (isSearched ? null : await find());
    if (selected === null) return SHOWN_NOTHING;
    try {
      return await show(await acquire(session, selected, 0, undefined, null, true), method);
    } catch (error) {
      const isCured = isCuredByLogin(error);
      if (isCured || isElsewhere(error)) connection = null;
      if (!isCured) throw error;
      return SHOWN_NOTHING;
    }
  };

  const afterLogin = async (
    { challenge, replaces }: { challenge: BearerChallenge; replaces: boolean },
    { method, signal }: Refused,
  ): Promise<Shown | null> => {
    // No login for requests that the client didn't make: the server's stream, the end of a session.
    if (method !== "POST") return null;
    const scopes = challenge.error === "insufficient_scope" ? challenge.scopes : NOTHING_YET;
    const isOwn = await (await login()).perform({ scopes, replaces }, signal);
    await find();
    const shown = await current(method);
    return isOwn && scopes.length > 0 ? { ...shown, hasMore: true } : shown;
  };

  const after = async (refused: Refused): Promise<Shown | null> => {
    const { refusal, method } = refused;
    const { bearerChallenge } = await import("../../oauth/challenge.ts");
    const challenge = bearerChallenge(refusal.challenge) ?? NO_CHALLENGE;
    if (refusal.status === 403 && challenge.error !== "insufficient_scope") return null;
    const { token, isSecond, hasMore } = refusal.credentials as Shown;
    const selected = await find();
    if (selected === null) return afterLogin({ challenge, replaces: false }, refused);
    try {
      // The proof lacked the server's current nonce (RFC 9449 §9): the token itself is fine.
      proof?.remember(url, refusal.nonce);
      const wantsNonce = refusal.nonce !== null && challenge.error === "use_dpop_nonce";
      if (token === null || (proof !== null && wantsNonce))
        return await show(await acquire(session, selected, 0, undefined, null, true), method);
      if (isSecond && challenge.error !== "insufficient_scope") throw refusedAgain(selected);
      const services = await servicesFor(session, selected.ref);
      const options = { minTtl: 0, mustAgree: false };
      const { accessAfterChallenge } = await import("../../connections/after-challenge.ts");
      const { stored, warning } = await accessAfterChallenge(services, selected.ref, challenge, token, options);
      return { ...(await show(acquiredFrom(stored, warning), method)), isSecond: true };
    } catch (error) {
      const isScope = error instanceof AuthError && error.code === "insufficient_scope";
      const isOfToken = error instanceof AuthError && error.code === "token_refused";
      if ((isScope || isOfToken || isCuredByLogin(error)) && (await isPasted(session, selected)))
        throw pasteAnother(selected, url, profile, challenge);
      if (!isScope && !isCuredByLogin(error)) throw error;
      // Where no scope is named, or the token has them all, a login wouldn't help.
      if (isScope && !(await lacksOneOf(session, selected, challenge.scopes))) throw error;
      if (isScope && (hasMore || !(await login()).mayAskFor(challenge.scopes))) throw error;
      cli.context.debug(`a login is needed: ${(error as AuthError).message}`);
      return afterLogin({ challenge, replaces: true }, refused);
    }
  };

  return async (call) => {
    const { refusal } = call;
    // No refresh for the end of a session: it would delay the end of this process.
    if (call.method === "DELETE") return refusal === null ? proved("DELETE") : null;
    if (refusal === null) return current(call.method);
    const { hasMore } = refusal.credentials as Shown;
    const others = await after({ ...call, refusal });
    return others !== null && hasMore ? { ...others, hasMore } : others;
  };
}

const NO_CHALLENGE: BearerChallenge = { error: null, scopes: [], resourceMetadata: null, bound: false };

function refusedAgain({ ref }: Connection): AuthError {
  return connectionError(ref, "token_refused", `The server refused the new token of ${display(ref)} too.`, {
    hint: `Whether the login was ended there: auth status ${typed(ref)} --check\nLog in again: auth login ${typed(ref)} --force`,
  });
}

async function isPasted(session: Session, { ref }: Connection): Promise<boolean> {
  const { vault } = await servicesFor(session, ref);
  return (await readConnection(vault, ref))?.record.kind === "token";
}

/** No login gets such a token: the person gets it from the server's own pages. */
function pasteAnother({ ref }: Connection, url: string, profile: string | undefined, challenge: BearerChallenge) {
  const named = profile === undefined ? [] : ["-p", profile];
  const command = commandLine(["auth", "login", withoutQuery(url), ...named, "--token", "-"]);
  const lacks = challenge.error === "insufficient_scope";
  const what = lacks ? `one with ${escapeText(challenge.scopes.join(", ")) || "more scopes"}` : "another";
  const code = lacks ? "insufficient_scope" : "login_required";
  return connectionError(ref, code, `The server refuses the token of ${display(ref)}, which was pasted.`, {
    hint: `Paste ${what}: ${command}`,
  });
}

/** The key that a token is bound to, from the vault itself: the agent doesn't hand it out. */
async function keyHere({ context }: Cli, { ref }: Stored): Promise<Secret> {
  const { openVault } = await import("../../vault/store.ts");
  const vault = await openVault(context).catch((error: unknown) => {
    if (!(error instanceof AuthError) || error.code !== "vault_locked") throw error;
    const message = `The token of ${display(ref)} is bound to a key (DPoP), which the agent hands out to no one.`;
    throw connectionError(ref, "token_rejected", message, error.hint === undefined ? {} : { hint: error.hint });
  });
  try {
    const key = vault && (await readConnection(vault, ref))?.record.tokens?.proofKey;
    if (key) return key;
    throw connectionError(ref, "token_rejected", `The key that the token of ${display(ref)} is bound to isn't there.`, {
      hint: `Log in again: auth login ${typed(ref)} --force`,
    });
  } finally {
    vault?.close();
  }
}

async function lacksOneOf(session: Session, { ref }: Connection, scopes: readonly string[]): Promise<boolean> {
  const { vault } = await servicesFor(session, ref);
  const granted = (await readConnection(vault, ref))?.record.tokens?.scopes ?? [];
  return scopes.some((scope) => !granted.includes(scope));
}

/** The connection's name now belongs to a login at another server: the next request looks for one at this server. */
function isElsewhere(error: unknown): boolean {
  return error instanceof AuthError && error.code === "origin_mismatch";
}

function isCuredByLogin(error: unknown): boolean {
  return error instanceof AuthError && LOGIN_HELPS.includes(error.code);
}
