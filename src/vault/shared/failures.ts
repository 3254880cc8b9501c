/** What a database or the way to it reports, as errors for people. The server's own words are never shown whole. */
import { AuthError, errorCode, usage } from "../../platform/errors.ts";
import { busy, ServerFull } from "../driver.ts";
import type { Header } from "../header.ts";
import { NOT_HANDED_ON, SOURCE_WORDS, type SourceName } from "../sources/source.ts";
import type { SharedAddress } from "./address.ts";
import { quoted } from "./postgres-schema.ts";
import { postgresRights, redisRights } from "./rights.ts";

/** The code of a call that got no answer in time. */
export const TIMED_OUT = "auth_store_timeout";

export function timedOut(): Error {
  return Object.assign(new Error("no answer"), { code: TIMED_OUT });
}

/** @param reason a clause: `it did not answer` */
function unreachable(
  { shown, tls }: SharedAddress,
  reason: string,
  cause: unknown,
  hint = `Check that the server runs, and the address (auth vault use): the server is spoken to ${tls ? "with" : "without"} TLS. Then try again.`,
): AuthError {
  const message = `The shared vault at ${shown} can't be reached: ${reason}.`;
  return new AuthError("vault_unreachable", message, { hint, cause });
}

/** For a certificate of an authority that the system doesn't know, as companies and clouds have them. */
function trusting({ backend }: SharedAddress): string {
  const option = backend === "redis" ? "ca" : "sslrootcert";
  return `The password was not sent. Where an authority of your own issued it, add that one's certificate to the address: ${option}=/full/path/to/ca.pem`;
}

function withoutTls({ backend }: SharedAddress): string {
  const plain = backend === "redis" ? "redis: in place of rediss:" : "sslmode=disable";
  return `The password was not sent. Turn TLS on at the server; or, where no one else can be on the way, have in the address: ${plain}, and accept-cleartext=1`;
}

/** Where nothing is, or an address with a mistake in it leads. */
export function absent({ shown, backend, fingerprint }: SharedAddress): AuthError {
  const part = backend === "redis" ? "prefix" : "schema";
  if (fingerprint !== null)
    return new AuthError("connection_not_found", `There is no vault at ${shown}, so none with that fingerprint.`, {
      hint: `Nothing was changed. Look at the spelling of the address: server, database, ${part}.\nIf it is right, ask who runs the server. To make a vault there, leave the fingerprint out.`,
    });
  return new AuthError("connection_not_found", `There is no vault at ${shown}.`, {
    hint: `Look at the spelling of its address: server, database, ${part}.\nIf it is right, a vault is made there by the first login, or by: auth vault init`,
  });
}

/** An answer of another form than the question's. */
export function unexpected(address: SharedAddress): AuthError {
  return unreachable(address, "the server's answer can't be understood", null);
}

export function unwritable({ shown }: SharedAddress, reason: string, hint: string, cause?: unknown): AuthError {
  return new AuthError("vault_unwritable", `The shared vault at ${shown} can't be written: ${reason}.`, {
    hint,
    cause,
  });
}

function refusedLogin({ shown }: SharedAddress, cause: unknown): AuthError {
  return new AuthError("vault_locked", `The server refused the user name or password in AUTH_STORE: ${shown}`, {
    hint: `Set AUTH_STORE with those of this database (of the password, ${NOT_HANDED_ON}), or give the address anew: auth vault use -\nIn a password, write characters like @ / # ? % as %40 %2F %23 %3F %25.`,
    cause,
  });
}

export function notOurs({ shown }: SharedAddress, what: string, cause?: unknown): AuthError {
  return new AuthError("vault_corrupt", `What is at ${shown} is not a vault of auth: ${what}.`, {
    hint: "It was left as it is. Name a place of its own: in AUTH_STORE, ?prefix=<name> for Redis, ?schema=<name> for PostgreSQL.",
    cause,
  });
}

/** What another user of the database put there would run with the rights of the one in AUTH_STORE. */
export function foreignSchema({ shown, namespace, user }: SharedAddress): AuthError {
  return new AuthError(
    "vault_corrupt",
    `What is at ${shown} is not used: another user of the database owns the schema or something in it, or may add to it.`,
    {
      hint: `Name a schema of its own: in AUTH_STORE, ?schema=<name>\nOr, if this one is the vault's, let the user in AUTH_STORE own all of it (ALTER SCHEMA ${quoted(namespace)} OWNER TO ${quoted(user)}, and so for each of its tables and functions), and no one else have CREATE in it.`,
    },
  );
}

const EMPTY =
  "To begin anew there, let this machine forget the vault that was there: auth vault accept\nOr to have a backup there after that: auth vault restore <file>";

/** @param what `is another one`, `is empty` */
export function replaced({ shown }: SharedAddress, what: string): AuthError {
  const message = `The shared vault at ${shown} ${what}, unlike the one that this machine knows.`;
  return new AuthError("vault_replaced", message, {
    hint: `Nothing was changed or sent. The server may have lost its data, or AUTH_STORE may name another one: ask who runs it.\n${what === "is empty" ? EMPTY : "If it is as it should be, let this machine forget the vault that was there: auth vault accept"}`,
  });
}

/** @param header of the key that the vault has now */
export function olderKey({ shown }: SharedAddress, { source }: Header): AuthError {
  return new AuthError(
    "vault_rolled_back",
    `The shared vault at ${shown} has an older key than this machine has seen.`,
    {
      hint: `The database lost what it had confirmed, as by a failover, or was restored from a backup. Nothing was sent.\nTo go on with what it has now: auth vault accept\nThat takes the key that the vault had then, from ${SOURCE_WORDS[source]}.`,
    },
  );
}

/** @param from what gave a key that doesn't open it */
export function newerKey({ shown }: SharedAddress, { source }: Header, from: string): AuthError {
  return new AuthError(
    "vault_locked",
    `The shared vault at ${shown} was given another key (by a rekey on another machine): what came from ${from} opens it no more.`,
    { hint: `${source === "members" ? becomeMember(from) : getKey(source)} The logins are there as before.` },
  );
}

function getKey(source: SourceName): string {
  return `The new key comes from ${SOURCE_WORDS[source]}: have this machine get it, from where your team keeps it, or from whoever gave the vault the new one.`;
}

/** @param variable has the key that every machine had before */
function becomeMember(variable: string): string {
  return `It has members now, each with a key of their own. Unset ${variable} on this machine.\nIf it isn't a member yet: auth vault member key\nThen let a member run what that prints.`;
}

/**
 * Anyone who can write to the database can make a vault for this machine's public key.
 *
 * @param command that takes the fingerprint
 */
export function notCompared({ shown, fingerprint }: SharedAddress, command = "auth vault use <address>"): AuthError {
  if (fingerprint !== null)
    return new AuthError("vault_replaced", `The vault at ${shown} doesn't have the fingerprint that it should have.`, {
      hint: "Nothing was changed or sent. Ask the member who gave it to you, and who runs the server: another vault may have been put there.\nThe fingerprint is shown by: auth vault member list",
    });
  return new AuthError(
    "vault_locked",
    `This machine is at the vault at ${shown} for the first time, and nothing shows that it is the one that is meant.`,
    {
      hint: `Nothing was changed or sent. Ask a member for the fingerprint (auth vault member list), then: ${command} --fingerprint <fingerprint>\nOr add it to AUTH_STORE, as an option: fingerprint=<fingerprint>`,
    },
  );
}

const UNTRUSTED = "its certificate isn't trusted";

/** OpenSSL's codes, as Bun gives them, for certificates that aren't to be trusted. */
function certificateFault(code: string): string | null {
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return "its certificate is for another name";
  if (/CERT_HAS_EXPIRED/.test(code)) return "its certificate has expired";
  if (/^(CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|ERR_SSL|ERR_TLS)/.test(code)) return UNTRUSTED;
  return null;
}

/** What both kinds of server have in common; null where it is something of one's own. */
function connectionFailure(address: SharedAddress, error: unknown): AuthError | null {
  if (error instanceof AuthError) return error;
  const code = errorCode(error) ?? "";
  const certificate = certificateFault(code);
  if (certificate === UNTRUSTED) return unreachable(address, certificate, error, trusting(address));
  if (certificate !== null) return unreachable(address, certificate, error);
  if (code === TIMED_OUT || /TIMEOUT/.test(code)) return unreachable(address, "it did not answer in time", error);
  if (/TLS_NOT_AVAILABLE|TLS_UPGRADE/.test(code))
    return unreachable(address, "the server doesn't speak TLS", error, withoutTls(address));
  if (/CONNECTION_(CLOSED|REFUSED|FAILED)|^ECONN|^ENOTFOUND|^EHOST|^ENET|IDLE_|LIFETIME_/.test(code))
    return unreachable(address, "there is no connection to the server", error);
  return null;
}

/** Errors of a Redis server begin with a word that says which (redis.io/docs/reference/protocol-spec, "Simple errors"). */
export function redisFailure(address: SharedAddress, error: unknown): AuthError {
  const known = connectionFailure(address, error);
  if (known !== null) return known;
  const text = error instanceof Error ? error.message : "";
  const [word = ""] = text.split(" ");
  // Told in place of an answer to the password, which Bun then reports as refused.
  if (text.includes("max number of clients")) return new ServerFull(error);
  // So is the lack of HELLO, by which the client sends the password.
  if (word === "ERR" && text.includes("unknown command"))
    return unwritable(address, "it lacks a command that a vault needs", BY_THESE_NAMES, error);
  if (/^(WRONGPASS|NOAUTH)$/.test(word) || errorCode(error) === "ERR_REDIS_AUTHENTICATION_FAILED")
    return refusedLogin(address, error);
  if (/^(LOADING|BUSY|TRYAGAIN)$/.test(word)) return busy(error);
  if (text.includes("DB index"))
    return usage("The vault's address names a database that this Redis server doesn't have.", "Use /0.");
  if (word === "WRONGTYPE") return notOurs(address, "another application has a key of that name", error);
  if (word === "READONLY") return unwritable(address, "it is a read-only replica", USE_PRIMARY, error);
  if (/^(MASTERDOWN|CLUSTERDOWN)$/.test(word)) return unreachable(address, "its primary is down", error);
  if (/^(MOVED|ASK|CROSSSLOT)$/.test(word)) return isCluster();
  if (word === "OOM") return unwritable(address, "its memory is full", "Give the server more memory.", error);
  if (word === "NOPERM") return unwritable(address, "this user may not", redisRights(address), error);
  if (/^(MISCONF|NOREPLICAS)$/.test(word))
    return unwritable(
      address,
      "the server refuses writes, since it can't make them durable",
      "See the server's log.",
      error,
    );
  return unreachable(address, `the server reported ${wordOf(word)}`, error);
}

const USE_PRIMARY = "Name the primary server in AUTH_STORE.";

const BY_THESE_NAMES =
  "A vault needs Redis 6 or later, with EVAL, HELLO and INFO by these names (rename-command in redis.conf). Name such a server, and no proxy that lacks them.";

export function isCluster(): AuthError {
  return usage(
    "The vault's address names a Redis cluster, where a vault can't be.",
    "Name a single Redis server, with a replica if you like.",
  );
}

const TOO_MANY_CONNECTIONS = "53300";

/** By SQLSTATE (postgresql.org/docs/current/errcodes-appendix.html), which Bun gives as `errno`. */
export function postgresFailure(address: SharedAddress, error: unknown): AuthError {
  const known = connectionFailure(address, error);
  if (known !== null) return known;
  const state = String((error as { errno?: unknown } | null)?.errno ?? "");
  if (/^28/.test(state)) return refusedLogin(address, error);
  if (state === "3D000")
    return usage(
      "The vault's address names a database that this PostgreSQL server doesn't have.",
      "Make it: createdb <name>",
    );
  if (state === TOO_MANY_CONNECTIONS) return new ServerFull(error);
  // Starting up; a deadlock or a serialization failure.
  if (/^(57P03|40001|40P01)$/.test(state)) return busy(error);
  if (/^57P0[12]$/.test(state) || state.startsWith("08"))
    return unreachable(address, "the server is shutting down", error);
  if (state === "25006")
    return unwritable(
      address,
      "it is a read-only replica, or this user's transactions are read-only (default_transaction_read_only)",
      "Name the primary server in AUTH_STORE, and a user who may write.",
      error,
    );
  if (state === "57014")
    return unreachable(address, "the server ended the statement, as by a short statement_timeout", error);
  if (state === "42501") return unwritable(address, "this user may not", postgresRights(address), error);
  if (/^53[12]00$/.test(state))
    return unwritable(address, "the server is out of disk or memory", "Make room there.", error);
  if (/^(42|22)/.test(state)) return notOurs(address, "its schema holds other tables than a vault's", error);
  return unreachable(address, `the server reported ${wordOf(state)}`, error);
}

function wordOf(text: string): string {
  return /^[A-Z0-9]{2,32}$/.test(text) ? text : "an error";
}
