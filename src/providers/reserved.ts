/** Reserved names: variables and flags. */

/**
 * Variables that load code into a program or redirect its traffic. No description may write one, and `run` and
 * `export` refuse them (CLI.md §4, RULES.md 3.7). One table: the docs print it.
 */

/** Upper case; a star means any text at that end. Compared without regard to case, as Windows does. */
export const RESERVED_VARIABLES = [
  "PATH",
  "LD_*",
  "DYLD_*",
  "NODE_OPTIONS",
  "BUN_*",
  "GIT_*",
  "PYTHON*",
  "PERL5*",
  "RUBY*",
  "JAVA_TOOL_OPTIONS",
  "BASH_ENV",
  "ENV",
  "IFS",
  "NPM_CONFIG_*",
  "*_PROXY",
  "AUTH_*",
] as const;

/** The row of the table that a variable's name falls under, or null. */
export function reservedBy(variable: string): string | null {
  return rowOf(RESERVED_VARIABLES, variable);
}

/** The row that a name falls under: a star at one of its ends means any text, case doesn't matter. */
export function rowOf(rows: readonly string[], variable: string): string | null {
  const name = variable.toUpperCase();
  for (const row of rows) {
    if (row.endsWith("*") && name.startsWith(row.slice(0, -1))) return row;
    if (row.startsWith("*") && name.endsWith(row.slice(1))) return row;
    if (name === row) return row;
  }
  return null;
}

/** Last words of names that programs use as code, options, a path or an address. */
const STEERS =
  /(FLAGS|OPTIONS?|OPTS?|ARGS|PATH|LIB|EDITOR|PAGER|SHELL|BROWSER|RC|FILE|COMMAND|PROFILER|PROG|SCANNER)$|(^|_)(LIBS|HOME|DIR|ROOT|CMD|PROGRAM|EXEC|WRAPPER|LAUNCHER|RUNNER|COMPILER|LINKER|RUSTC|TOOLCHAIN|INTERPRETER|ENGINES|HOOKS?|PLUGINS?|MODULES?|PRELOAD|INIT|STARTUP|CONFIG|CONF|PROFILE|ENV|URL|URI|ENDPOINT|ADDR|ADDRESS|REGISTRY|INDEX|MIRROR|SOCKET|SOCK|CERT|CERTS|CA|CRT|BUNDLE|STORE|RSH|SSH|ASKPASS|PWD)$/;

/** Whether programs would use the variable's value as code, options, a path or an address. */
export function steers(variable: string): boolean {
  return reservedBy(variable) !== null || STEERS.test(variable.toUpperCase());
}

/**
 * Names that end like secrets and are read as something else: key files and files of credentials by their path, and
 * `COMPAT`, which ends in PAT.
 */
const NO_SECRET = /LESSKEY$|SSLKEY$|^GOOGLE_(APPLICATION_)?CREDENTIALS$|COMPAT$/;

/** A name whose end, or one word of it, means a secret; or one letter, with or without a number. */
const CHOSEN =
  /(TOKEN|KEY|SECRET|PASSWORD|CREDENTIALS?|PAT|BEARER)$|(^|_)(TOKEN|KEY|SECRET|PASSWORD|PASSWD|PASSPHRASE|PAT|AUTH)(_|$)|^[A-Z]\d*$/;

/** What `CHOSEN` allows, for the error message. */
export const CHOSEN_NAMES =
  "Use a name that says it is a secret, such as FOO_TOKEN: one that ends in TOKEN, KEY, SECRET, PASSWORD, CREDENTIAL, CREDENTIALS, PAT or BEARER, or has TOKEN, KEY, SECRET, PASSWORD, PASSWD, PASSPHRASE, PAT or AUTH between underscores.";

/** Names that say it in another way, and that programs read a secret from. */
const ALSO_CHOSEN: readonly string[] = ["MYSQL_PWD", "SSHPASS"];

/**
 * Why a person can't have a token put into a variable of that name, in words; null where they can. Names are allowed by
 * their shape: the token comes from the provider, so a program that takes its variable as code would run what the
 * provider sends.
 */
export function chosenNameFault(variable: string): string | null {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(variable)) return "is not the name of an environment variable";
  const row = reservedBy(variable);
  if (row !== null) return `can't carry a token: ${row} loads code or redirects traffic`;
  const name = variable.toUpperCase();
  if (ALSO_CHOSEN.includes(name) || (CHOSEN.test(name) && !NO_SECRET.test(name) && !STEERS.test(name))) return null;
  return "can't carry a token: its name doesn't say that it holds one, and a program could take the value as code";
}

/** A word of its name, or its end, says that it holds a secret, or an address with a password in it. */
const SECRET =
  /(TOKEN|KEY|SECRET|PASSWORD|CREDENTIALS?|PAT|BEARER|COOKIE)$|(^|_)(TOKEN|KEY|SECRET|PASSWORD|PASSWD|PASSPHRASE|PASS|PWD|PAT|AUTH|COOKIE|SESSION|JWT)(_|$)/;
const HOLDS_PASSWORD = /(URLS?|URI|DSN|CONNECTION_?STRING|CONN_STR)$/;

/** Names that end like secrets and are none, and ids, which a secret goes with. */
const NONE = /(^|_)COMPAT$|(?<!SECRET)_ID$/;

/** Names like secrets, of what is public: a provider in the catalogue reads a setting from each. */
const PUBLIC: Readonly<Record<string, string>> = {
  SCW_ACCESS_KEY: "the half of a pair that names the other",
  TRELLO_API_KEY: "the app's id, which is in the address of its login page",
};

/** Whether a variable of that name holds a secret alone. */
export function namesSecret(variable: string): boolean {
  const name = variable.toUpperCase();
  return SECRET.test(name) && !NONE.test(name) && !Object.hasOwn(PUBLIC, name);
}

/**
 * Why a setting, or a client's id, can't be read from a variable of that name, in words; null where it can. What is read
 * goes to the provider: a description could name another's secret. @param kind the setting's
 */
export function readNameFault(variable: string, kind = "text"): string | null {
  const row = reservedBy(variable);
  if (row !== null) return `has ${variable}, which no description may read: ${row} is reserved`;
  const name = variable.toUpperCase();
  if (Object.hasOwn(PUBLIC, name) || NONE.test(name)) return null;
  // A host or a URL can't have a password in it.
  if (SECRET.test(name) || ALSO_CHOSEN.includes(name) || (kind === "text" && HOLDS_PASSWORD.test(name)))
    return `has ${variable}, whose name says that it holds a secret: what is read there would go to the provider`;
  return null;
}

/** Flags of `login`, `profile` and of every command: no setting may take one of these. */
export const RESERVED_FLAGS = [
  ...["json", "output", "quiet", "verbose", "color", "no-color", "input", "no-input", "help", "version", "profile"],
  ...["flow", "scope", "client-id", "client-secret", "force", "timeout", "browser", "no-browser", "qr", "port"],
  ...[
    "redirect-uri",
    "key",
    "resource",
    "certificate",
    "subject-token",
    "code",
    "issuer",
    "endpoint",
    "token",
    "verify",
  ],
  ...["no-verify", "callback", "web", "add-scope", "remove-scope", "set", "unset", "yes", "stored"],
  ...["client-metadata-url", "no-resource", "challenge", "via"],
  // Of `provider try`, which takes a login's flags too.
  ...["keep", "replace", "ci"],
] as const;

/** auth's own variables, with which a provider's `AUTH_<ID>` could be confused. */
export const OWN_VARIABLES = [
  "AUTH_HOME",
  "AUTH_STORE",
  "AUTH_KEY",
  "AUTH_KEY_COMMAND",
  "AUTH_PASSPHRASE",
  "AUTH_IDENTITY",
  "AUTH_IGNORE_ENV",
  "AUTH_INJECTED",
] as const;
