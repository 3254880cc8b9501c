/** Names that are taken: variables, flags. Tables only. */

/**
 * Variables that load code into a program or redirect its traffic. No description may write one, and `run` and
 * `export` refuse them (CLI.md §4, RULES.md 3.7). One table: the docs print it.
 */

/** Upper case; a star stands for any text at that end. Compared without regard to case, as Windows does. */
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
  const name = variable.toUpperCase();
  for (const row of RESERVED_VARIABLES) {
    if (row.endsWith("*") && name.startsWith(row.slice(0, -1))) return row;
    if (row.startsWith("*") && name.endsWith(row.slice(1))) return row;
    if (name === row) return row;
  }
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
] as const;

/** Our own variables: a provider's `AUTH_<ID>` would be taken for one. */
export const OWN_VARIABLES = [
  "AUTH_HOME",
  "AUTH_STORE",
  "AUTH_KEY",
  "AUTH_KEY_COMMAND",
  "AUTH_PASSPHRASE",
  "AUTH_IGNORE_ENV",
  "AUTH_INJECTED",
] as const;
