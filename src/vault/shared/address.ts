/**
 * The address of a shared vault, as AUTH_STORE holds it:
 *
 *     redis://[user][:password@]host[:port][/database][?prefix=auth&ca=<file>&cache=30&…]      rediss:// with TLS
 *     postgres://user[:password]@host[:port]/database[?schema=auth&sslmode=…&sslrootcert=<file>&cache=30&…]
 *
 * and with either `accept-loss=1`, `accept-cleartext=1`, and `fingerprint=…`: which vault it is, for a home that doesn't know
 * it yet.
 *
 * A message never shows it as it was given: only `shown`, which has no password in it.
 */
import { isAbsolute } from "node:path";
import { type AuthError, usage } from "../../platform/errors.ts";
import { knowSecret } from "../../platform/secret.ts";
import { isLoopback } from "../../platform/url.ts";
import { parseFingerprint } from "../fingerprint.ts";

export interface SharedAddress {
  readonly backend: "redis" | "postgres";
  /** For messages: without user, password and options. */
  readonly shown: string;
  /** What tells two vaults apart: the same for all users of one, whatever password they have. */
  readonly place: string;
  /** Server and database, with user and password, in the form that the client takes. */
  readonly url: string;
  /** Empty where Redis is to take its own default. */
  readonly user: string;
  readonly database: string;
  /** Redis: what the keys begin with. PostgreSQL: the schema. */
  readonly namespace: string;
  readonly tls: boolean;
  /** Certificates to trust instead of the system's. */
  readonly certificates: string | null;
  /** What goes over the connection can be read and changed on the way: it leaves this machine without TLS. */
  readonly cleartext: boolean;
  /** That is accepted. */
  readonly acceptCleartext: boolean;
  /** The server may be one that forgets what it has confirmed. */
  readonly acceptLoss: boolean;
  /** Of the vault that is meant, as `fingerprintOf` gives it. */
  readonly fingerprint: string | null;
  /** For how long what was read may be used again without asking the server. 0: never. */
  readonly cacheSeconds: number;
}

const SCHEMES: Readonly<Record<string, { backend: SharedAddress["backend"]; port: number }>> = {
  "redis:": { backend: "redis", port: 6379 },
  "rediss:": { backend: "redis", port: 6379 },
  "postgres:": { backend: "postgres", port: 5432 },
  "postgresql:": { backend: "postgres", port: 5432 },
};

/** The options of an address, by backend. */
export const OPTIONS = {
  redis: ["prefix", "ca", "accept-loss", "accept-cleartext", "cache", "fingerprint"],
  postgres: ["schema", "sslmode", "sslrootcert", "accept-loss", "accept-cleartext", "cache", "fingerprint"],
} as const;

/** In libpq's words. All but `disable` mean the strictest here: a certificate that isn't checked protects from no one. */
const SSL_MODES = ["disable", "require", "verify-ca", "verify-full"];

/** @throws AuthError `usage` */
export async function parseAddress(store: string): Promise<SharedAddress> {
  const url = URL.parse(store);
  const scheme = url === null ? undefined : SCHEMES[url.protocol];
  if (url === null || scheme === undefined) throw wrong("AUTH_STORE is not a URL that can be read.");
  const { backend } = scheme;
  const password = decoded(url.password);
  const user = decoded(url.username);
  if (password !== "") knowSecret(password);
  if (url.hostname === "") throw wrong("AUTH_STORE names no host.", backend);
  if (/^[^&]*&.*=/s.test(url.host + url.pathname))
    throw wrong(
      "AUTH_STORE has '&' before its first option: write '?' there, and '&' before each further one.",
      backend,
    );
  if (url.hash !== "") throw wrong("AUTH_STORE has a '#' in it: in a password, write %23.", backend);
  // Of a password that has a '/' in it: `postgres://user:12/34@host`.
  if (url.pathname.includes("@")) throw wrong("AUTH_STORE has an '@' after the host and its port.", backend);
  if (backend === "postgres" && user === "") throw wrong("AUTH_STORE=postgres: names no user.", backend);
  const database = decoded(url.pathname.slice(1));
  const options = optionsOf(url, backend);
  checkDatabase(backend, database);
  const namespace = options.get(backend === "redis" ? "prefix" : "schema") ?? "auth";
  checkNamespace(backend, namespace);
  const host = `${url.hostname.toLowerCase()}:${url.port || scheme.port}`;
  const tls = usesTls(url, options.get("sslmode"));
  const cleartext = !tls && !isLoopback(url.hostname.toLowerCase());
  const acceptCleartext = yesOrNo("accept-cleartext", options, backend);
  // Even where the server's own way hides it (SCRAM), whoever is on the way asks for it in another, and Bun's client complies.
  if (cleartext && password !== "" && !acceptCleartext) throw passwordInClear(backend);
  const where = `${host}/${encodeURIComponent(database || "0")}`;
  const credentials =
    user === "" && password === "" ? "" : `${encodeURIComponent(user)}:${encodeURIComponent(password)}@`;
  const protocol = backend === "redis" && tls ? "rediss" : backend;
  return {
    backend,
    shown: `${protocol}://${where} (${backend === "redis" ? "prefix" : "schema"} ${namespace})`,
    place: `${backend} ${where} ${namespace}`,
    url: `${protocol}://${credentials}${where}`,
    user,
    database,
    namespace,
    tls,
    certificates: await certificatesIn(backend, options),
    cleartext,
    acceptCleartext,
    acceptLoss: yesOrNo("accept-loss", options, backend),
    fingerprint: fingerprintIn(options.get("fingerprint")),
    cacheSeconds: secondsIn(options.get("cache"), backend),
  };
}

function optionsOf(url: URL, backend: SharedAddress["backend"]): Map<string, string> {
  const known: readonly string[] = OPTIONS[backend];
  const options = new Map<string, string>();
  for (const [name, value] of url.searchParams) {
    // Not which: a password that has a '?' in it may have gone astray there.
    if (!known.includes(name))
      throw wrong(
        `AUTH_STORE has an option that isn't known, or a '?' in its password. Options are ${known.join(", ")}.`,
        backend,
      );
    if (options.has(name)) throw wrong(`AUTH_STORE has the option ${name} twice.`, backend);
    options.set(name, value);
  }
  return options;
}

function checkDatabase(backend: SharedAddress["backend"], database: string): void {
  if (backend === "redis" && !/^\d{0,5}$/.test(database))
    throw wrong("AUTH_STORE=redis: takes the number of a database after the host, or none.", backend);
  if (backend === "postgres" && (database === "" || database.includes("/")))
    throw wrong("AUTH_STORE=postgres: names no database.", backend);
}

function checkNamespace(backend: SharedAddress["backend"], namespace: string): void {
  const [form, what] =
    backend === "redis" ? [/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/, "prefix"] : [/^[a-z_][a-z0-9_]{0,39}$/, "schema"];
  if (form.test(namespace) && namespace !== "public" && !namespace.startsWith("pg_")) return;
  throw wrong(
    backend === "redis"
      ? `The ${what} in AUTH_STORE may have letters, digits and . _ : - in it.`
      : `The ${what} in AUTH_STORE may have small letters, digits and _ in it, and is one of the vault's own: not public, not pg_…`,
    backend,
  );
}

/** Without a word about it, a connection that leaves this machine is encrypted, and the server's certificate checked. */
function usesTls(url: URL, mode: string | undefined): boolean {
  if (url.protocol.startsWith("redis")) return url.protocol === "rediss:";
  if (mode === undefined) return !isLoopback(url.hostname.toLowerCase());
  if (!SSL_MODES.includes(mode)) throw wrong(`sslmode in AUTH_STORE is one of ${SSL_MODES.join(", ")}.`, "postgres");
  return mode !== "disable";
}

function fingerprintIn(value: string | undefined): string | null {
  return value === undefined ? null : parseFingerprint(value);
}

function passwordInClear(backend: SharedAddress["backend"]): AuthError {
  const remedy =
    backend === "redis" ? "Write rediss: in place of redis: in AUTH_STORE." : "Take sslmode=disable out of AUTH_STORE.";
  return usage(
    "AUTH_STORE would send its password to another machine without TLS, for anyone on the way to read.",
    `${remedy}\nOr, where no one else can be on the way (a tunnel, a network of one host), add accept-cleartext=1 to AUTH_STORE.`,
  );
}

function yesOrNo(name: string, options: ReadonlyMap<string, string>, backend: SharedAddress["backend"]): boolean {
  const value = options.get(name) ?? "0";
  if (value === "0" || value === "1") return value === "1";
  throw wrong(`${name} in AUTH_STORE is 1 or 0.`, backend);
}

/** Long enough to serve a busy machine, short enough to notice a logout elsewhere. */
const CACHE_SECONDS = 30;
const MAX_CACHE_SECONDS = 3600;

function secondsIn(value: string | undefined, backend: SharedAddress["backend"]): number {
  if (value === undefined) return CACHE_SECONDS;
  const seconds = /^\d{1,4}$/.test(value) ? Number(value) : MAX_CACHE_SECONDS + 1;
  if (seconds <= MAX_CACHE_SECONDS) return seconds;
  throw wrong(`cache in AUTH_STORE is a number of seconds, ${MAX_CACHE_SECONDS} at most; 0 for none.`, backend);
}

async function certificatesIn(
  backend: SharedAddress["backend"],
  options: ReadonlyMap<string, string>,
): Promise<string | null> {
  const option = backend === "redis" ? "ca" : "sslrootcert";
  const path = options.get(option);
  if (path === undefined) return null;
  const form = `Write the full path of a file with certificates in PEM form: ${option}=/full/path/to/ca.pem`;
  // One that depends on the current folder could be whoever's.
  if (!isAbsolute(path)) throw usage(`The vault's address gives ${option} by no full path.`, form);
  const text = await Bun.file(path)
    .text()
    .catch(() => null);
  if (text === null) throw usage(`The vault's address names a file, by ${option}, that can't be read: ${path}`, form);
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw usage(`The vault's address names a file, by ${option}, without a certificate in PEM form: ${path}`, form);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong("AUTH_STORE has a '%' in it that is followed by no two hex digits: write %25.");
  }
}

const FORMS = {
  redis: "Write AUTH_STORE=rediss://user:password@host:6379/0?prefix=auth, or redis: where the server has no TLS.",
  postgres: "Write AUTH_STORE=postgres://user:password@host:5432/database?schema=auth",
};

function wrong(message: string, backend?: SharedAddress["backend"]): AuthError {
  const hint = backend === undefined ? `${FORMS.redis}\n${FORMS.postgres}` : FORMS[backend];
  return usage(message, `${hint}\nIn a user name or password, write characters like @ / # ? % as %40 %2F %23 %3F %25.`);
}
