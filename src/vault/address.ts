/**
 * The address of a vault, whoever gives it:
 *
 *     redis://[user][:password@]host[:port][/database][?prefix=auth&ca=<file>&cache=30&…]      rediss:// with TLS
 *     postgres://user[:password]@host[:port]/database[?schema=auth&sslmode=…&sslrootcert=<file>&cache=30&…]
 *     sqlite:<path>
 *
 * and with both databases `accept-loss=1`, `accept-cleartext=1`, and `fingerprint=…`: which vault it is, for a home that
 * doesn't know it yet.
 *
 * A message never shows it as it was given: only `shown`, which has no password in it. Not loaded for a vault that is a file.
 */
import { isAbsolute } from "node:path";
import { type AuthError, usage } from "../platform/errors.ts";
import { requireUtf8 } from "../platform/paths.ts";
import { knowSecret } from "../platform/secret.ts";
import { isLoopback } from "../platform/url.ts";
import { parseFingerprint } from "./fingerprint.ts";
import { GIVERS, type GivenBy, type Giver, sentence, subject } from "./giver.ts";

type Backend = "redis" | "postgres";

export interface SharedAddress {
  readonly backend: Backend;
  /** How messages name the address. */
  readonly giver: Giver;
  /** The server and the vault's place there, for messages: without user, password and options. */
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

const SCHEMES: Readonly<Record<string, { backend: Backend; port: number }>> = {
  "redis:": { backend: "redis", port: 6379 },
  "rediss:": { backend: "redis", port: 6379 },
  "postgres:": { backend: "postgres", port: 5432 },
  "postgresql:": { backend: "postgres", port: 5432 },
};

const SHARED_OPTIONS = ["accept-loss", "accept-cleartext", "cache", "fingerprint"];
export const OPTIONS = {
  redis: ["prefix", "ca", ...SHARED_OPTIONS],
  postgres: ["schema", "sslmode", "sslrootcert", ...SHARED_OPTIONS],
};

/** In libpq's words. All but `disable` mean the strictest here: a certificate that isn't checked protects from no one. */
const SSL_MODES = ["disable", "require", "verify-ca", "verify-full"];

/** Long enough to serve a busy machine, short enough to notice a logout elsewhere. */
const CACHE_SECONDS = 30;
const MAX_CACHE_SECONDS = 3600;

interface Parts {
  readonly url: URL;
  readonly backend: Backend;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly options: ReadonlyMap<string, string>;
}

/** @throws AuthError `usage`, also for an address of a vault file: one that is well-formed doesn't come here */
export async function parseAddress(text: string, givenBy: GivenBy): Promise<SharedAddress> {
  const giver = GIVERS[givenBy];
  const parts = partsOf(text, giver);
  const { url, backend, user, password, database, options } = parts;
  if (password !== "") knowSecret(password);
  if (backend === "postgres" && user === "") throw wrong(giver, "names no user.", backend);
  if (backend === "postgres" && (database === "" || database.includes("/")))
    throw wrong(giver, "names no database.", backend);
  const namespace = namespaceIn(parts, giver);
  const host = `${url.hostname.toLowerCase()}:${url.port || SCHEMES[url.protocol]?.port}`;
  const tls = usesTls(parts, giver);
  const cleartext = !tls && !isLoopback(url.hostname.toLowerCase());
  const acceptCleartext = yesOrNo("accept-cleartext", parts, giver);
  // Even where the server's own way hides it (SCRAM), whoever is on the way asks for it in another, and Bun's client complies.
  if (cleartext && password !== "" && !acceptCleartext) throw passwordInClear(backend, giver);
  const where = `${host}/${encodeURIComponent(database || "0")}`;
  const credentials =
    user === "" && password === "" ? "" : `${encodeURIComponent(user)}:${encodeURIComponent(password)}@`;
  const protocol = backend === "redis" && tls ? "rediss" : backend;
  const fingerprint = options.get("fingerprint");
  return {
    backend,
    giver,
    shown: `${protocol}://${where} (${backend === "redis" ? "prefix" : "schema"} ${namespace})`,
    place: `${backend} ${where} ${namespace}`,
    url: `${protocol}://${credentials}${where}`,
    user,
    database,
    namespace,
    tls,
    certificates: await certificatesIn(parts, giver),
    cleartext,
    acceptCleartext,
    acceptLoss: yesOrNo("accept-loss", parts, giver),
    fingerprint: fingerprint === undefined ? null : parseFingerprint(fingerprint, `The fingerprint in ${giver.name}`),
    cacheSeconds: secondsIn(parts, giver),
  };
}

/**
 * An address for others to see: `redis://user:secret@host` → `redis://user@host`.
 *
 * @returns null where a password that wasn't encoded may be anywhere in it: `redis://user:se?cret@host`
 */
export function withoutPassword(text: string): string | null {
  if (/^sqlite:/i.test(text)) return text;
  let url: URL;
  try {
    ({ url } = partsOf(text, GIVERS.AUTH_STORE));
  } catch {
    return null;
  }
  if (url.search.includes("@") || (url.password === "" && url.username.includes("%40"))) return null;
  url.password = "";
  return url.href;
}

/** Whether there is a password in it, or in one of this form that has a mistake. A path has none. */
export function showsPassword(text: string): boolean {
  if (/^(sqlite:|\/(?!\/)|[.~]|[a-z]:[\\/])/i.test(text)) return false;
  const rest = text.replace(/^\w*:?\/+|^(rediss?|postgres(ql)?):/i, "");
  return rest.includes(":") && rest.includes("@", rest.indexOf(":"));
}

/** Nothing of the text is in a message but a scheme: a password may have gone astray anywhere in it. */
function partsOf(text: string, giver: Giver): Parts {
  if (!/^(rediss?|postgres(ql)?):\/\//i.test(text)) throw otherForm(text, giver);
  const url = URL.parse(text);
  const backend = SCHEMES[url?.protocol ?? ""]?.backend;
  if (url === null || backend === undefined) throw wrong(giver, "is not a URL that can be read.");
  const refuse = (fault: string): AuthError => wrong(giver, fault, backend);
  const password = decoded(url.password, refuse);
  const user = decoded(url.username, refuse);
  if (url.hostname === "") throw refuse("names no host.");
  if (/^[^&]*&.*=/s.test(url.host + url.pathname))
    throw refuse("has '&' before its first option: write '?' there, and '&' before each further one.");
  if (url.hash !== "") throw refuse("has a '#' in it: in a password, write %23.");
  // Of a password that has a '/' in it: `postgres://user:12/34@host`.
  if (url.pathname.includes("@")) throw refuse("has an '@' after the host and its port.");
  const database = decoded(url.pathname.slice(1), refuse);
  if (backend === "redis" && !/^\d{0,5}$/.test(database))
    throw refuse("has something other than the number of a database after its host.");
  const options = new Map<string, string>();
  for (const [name, value] of url.searchParams) {
    if (!OPTIONS[backend].includes(name))
      throw refuse(
        `has an option that isn't known, or a '?' in its password. Options are ${OPTIONS[backend].join(", ")}.`,
      );
    if (options.has(name)) throw refuse(`has the option ${name} twice.`);
    options.set(name, value);
  }
  return { url, backend, user, password, database, options };
}

function decoded(text: string, refuse: (fault: string) => AuthError): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refuse("has a '%' in it that is followed by no two hex digits: write %25.");
  }
}

/** What doesn't begin as the address of a database does: mistyped, or meant for a file. */
function otherForm(text: string, giver: Giver): AuthError {
  const [, meant] = /^(rediss?|postgres(?:ql)?)(?![\w+])/i.exec(text) ?? [];
  if (meant !== undefined) {
    const scheme = meant.toLowerCase();
    const backend = SCHEMES[`${scheme}:`]?.backend;
    return wrong(giver, `begins with ${scheme}, and not with ${scheme}://.`, backend);
  }
  const refuse = (fault: string): AuthError => usage(sentence(giver, fault), fileForm(giver));
  if (/^([/\\]|[A-Za-z]:[/\\])/.test(text)) return refuse("is a path, and no store.");
  const [, path] = /^sqlite:(.*)$/is.exec(text) ?? [];
  if (path === undefined) {
    const [, scheme] = /^([a-z][a-z+]*):\/\//i.exec(text) ?? [];
    return refuse(`names no store that this version knows${scheme === undefined ? "" : `: ${scheme}`}.`);
  }
  requireUtf8(subject(giver), path);
  return refuse("names no file: after sqlite: comes its path, which is no URL and begins with no '~'.");
}

function namespaceIn({ backend, options }: Parts, giver: Giver): string {
  const [what, form] =
    backend === "redis"
      ? (["prefix", /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/] as const)
      : (["schema", /^(?!public$|pg_)[a-z_][a-z0-9_]{0,39}$/] as const);
  const namespace = options.get(what) ?? "auth";
  if (form.test(namespace)) return namespace;
  const rule =
    backend === "redis"
      ? "a prefix may have letters, digits and . _ : - in it"
      : "a schema may have small letters, digits and _ in it, and is one of the vault's own: not public, not pg_…";
  throw wrong(giver, `has another ${what} than there can be: ${rule}.`, backend);
}

/** Without a word about it, a connection that leaves this machine is encrypted, and the server's certificate checked. */
function usesTls({ url, backend, options }: Parts, giver: Giver): boolean {
  if (backend === "redis") return url.protocol === "rediss:";
  const mode = options.get("sslmode") ?? (isLoopback(url.hostname.toLowerCase()) ? "disable" : "verify-full");
  if (!SSL_MODES.includes(mode)) throw wrong(giver, `has an sslmode that is none of ${SSL_MODES.join(", ")}.`, backend);
  return mode !== "disable";
}

function passwordInClear(backend: Backend, giver: Giver): AuthError {
  const { name, anew } = giver;
  const remedy =
    backend === "redis" ? `Write rediss: in place of redis: in ${name}.` : `Take sslmode=disable out of ${name}.`;
  return usage(
    sentence(giver, "would send its password to another machine without TLS, for anyone on the way to read."),
    `${remedy}\nOr, where no one else can be on the way (a tunnel, a network of one host), add accept-cleartext=1 to ${name}.${anew}`,
  );
}

function yesOrNo(option: string, { options, backend }: Parts, giver: Giver): boolean {
  const value = options.get(option) ?? "0";
  if (value === "0" || value === "1") return value === "1";
  throw wrong(giver, `has ${option} with another value than 1 or 0.`, backend);
}

function secondsIn({ options, backend }: Parts, giver: Giver): number {
  const value = options.get("cache") ?? String(CACHE_SECONDS);
  if (/^\d{1,4}$/.test(value) && Number(value) <= MAX_CACHE_SECONDS) return Number(value);
  throw wrong(giver, `has a cache that is no number of seconds: ${MAX_CACHE_SECONDS} at most, 0 for none.`, backend);
}

async function certificatesIn({ options, backend }: Parts, giver: Giver): Promise<string | null> {
  const option = backend === "redis" ? "ca" : "sslrootcert";
  const path = options.get(option);
  if (path === undefined) return null;
  const refuse = (fault: string): AuthError =>
    usage(
      sentence(giver, fault),
      `Write the full path of a file with certificates in PEM form: ${option}=/full/path/to/ca.pem${giver.anew}`,
    );
  // One that depends on the current folder could be whoever's.
  if (!isAbsolute(path)) throw refuse(`gives ${option} by no full path.`);
  const text = await Bun.file(path)
    .text()
    .catch(() => null);
  if (text === null) throw refuse(`names a file, by ${option}, that can't be read: ${path}`);
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw refuse(`names a file, by ${option}, without a certificate in PEM form: ${path}`);
}

function fileForm({ before, anew }: Giver): string {
  const unset = before === "AUTH_STORE=" ? ", or unset it" : "";
  return `Write ${before}sqlite:/full/path/to/vault.db, redis://… or postgres://… for one that machines share${unset}.${anew}`;
}

function wrong(giver: Giver, fault: string, backend?: Backend): AuthError {
  const { before, anew } = giver;
  const forms = {
    redis: `Write ${before}rediss://user:password@host:6379/0?prefix=auth, or redis: where the server has no TLS.`,
    postgres: `Write ${before}postgres://user:password@host:5432/database?schema=auth`,
  };
  const form = backend === undefined ? `${forms.redis}\n${forms.postgres}` : forms[backend];
  const encoded = "In a user name or password, write characters like @ / # ? % as %40 %2F %23 %3F %25.";
  return usage(sentence(giver, fault), `${form}\n${encoded}${anew}`);
}
