/** The JSON documents in words (CLI.md §4 and §5). A test compares them with what the commands print. */
import type { Topic } from "./topics.ts";

/** A document: the command that prints it, its fields, and what is worth knowing about them. */
export interface DocumentShape {
  readonly command: string;
  /** `list`: an array of such objects. `lines`: one object a line (NDJSON). */
  readonly kind: "object" | "list" | "lines";
  readonly fields: readonly string[];
  readonly note?: string;
}

const words = (text: string): string[] => text.split(/\s+/);

const ENTRY =
  words(`connection provider name account organization host source status reason scopes expiresAt refreshable
  refreshTokenExpiresAt authorizationExpiresAt default providerDefault lastError`);

const PROFILE = words("connection provider name status settings issuer endpoints scopes flow clientId");

const MOVED = words("dryRun to keySource new updated same newer other ended unreadable");

export const DOCUMENTS: readonly DocumentShape[] = [
  { command: "auth list", kind: "list", fields: ENTRY, note: "source is vault or env:<variable>" },
  {
    command: "auth status",
    kind: "list",
    fields: ENTRY,
    note: "the entries of 'auth list'; with --check also check, checkReason",
  },
  {
    command: "auth token",
    kind: "object",
    fields: ["token_type", "scope", "expires_in", "access_token", "expires_at"],
    note: "the names of RFC 6749; expires_in in seconds; both null where no expiry is known",
  },
  {
    command: "auth get",
    kind: "object",
    fields: [...ENTRY, "flow", "clientId", "createdAt", "refreshedAt"],
    note: "with --show-secret also accessToken, refreshToken, idToken",
  },
  {
    command: "auth refresh",
    kind: "object",
    fields: ["success", "refreshed", "message", "expiresIn", "expiresAt"],
    note: "--all: one a line with connection, last {summary: {refreshed, valid, skipped, failed}}",
  },
  {
    command: "auth inspect",
    kind: "object",
    fields: ["type", "connection", "exp", "iat", "scopes", "header", "claims"],
    note: "exp and iat in epoch seconds; claims as the token has them",
  },
  {
    command: "auth logout",
    kind: "object",
    fields: ["connection", "erased", "revoked"],
    note: "also of 'auth revoke'",
  },
  { command: "auth use", kind: "object", fields: ["connection", "default", "providerDefault"] },
  {
    command: "auth login",
    kind: "lines",
    fields: ["event"],
    note: "device_code, authorize, form, and last connected: {connection, account, scopes, expiresAt, refreshable}; the browser opens as without --json, unless --no-browser is given",
  },
  { command: "auth profile show", kind: "object", fields: PROFILE, note: "also of 'auth profile create' and 'edit'" },
  { command: "auth profile list", kind: "list", fields: PROFILE },
  {
    command: "auth log",
    kind: "lines",
    fields: words("time event status connection provider class code providerError message pid program version"),
  },
  {
    command: "auth doctor",
    kind: "object",
    fields: ["ok", "checks"],
    note: "each check has name, status (ok, warn, fail), detail, remedy",
  },
  {
    command: "auth upgrade",
    kind: "object",
    fields: ["upgraded", "from", "to"],
    note: "with path, and after an upgrade previous; --check: {current, newest, newer}",
  },
  {
    command: "auth setup",
    kind: "object",
    fields: ["tools"],
    note: "with a tool: {tool, done, changes, notes}; --check: {ok, setups}",
  },
  { command: "auth provider check", kind: "object", fields: ["ok", "provider", "checks"] },
  {
    command: "auth provider try",
    kind: "lines",
    fields: words("event endpoint method url status type bytes fields"),
    note: "the events of login, a reply for each answer, and tried at the end",
  },
  {
    command: "auth vault status",
    kind: "object",
    fields: words("backend path vaultId format epoch keySource member keyVariable records warnings chosenBy"),
  },
  { command: "auth vault rekey", kind: "object", fields: ["rekeyed", "keySource", "epoch", "records"] },
  {
    command: "auth vault copy",
    kind: "object",
    fields: MOVED,
    note: "names in each list; keySource where a vault was made",
  },
  { command: "auth vault backup", kind: "object", fields: ["file", "records", "bytes", "unreadable"] },
  { command: "auth vault restore", kind: "object", fields: [...MOVED, "madeAt"] },
  { command: "auth vault accept", kind: "object", fields: ["accepted", "store", "vaultId"] },
  { command: "auth --version", kind: "object", fields: ["version"] },
];

const ERROR =
  "{error: {code, message, hint, detail, messages, exitCode, connection}}, one line on stderr; stdout is empty then";

const RULES =
  "One document on stdout, or one object a line where it says so. Times are ISO 8601 in UTC. Fields are added over " +
  "time, never renamed. 'auth help --json' prints every command with its flags.";

export function json(): Topic {
  return {
    intro: "The documents that --json prints",
    sections: [
      {
        title: "Documents",
        rows: DOCUMENTS.map(({ command, kind, fields, note }) => {
          const shape = { object: "", list: "a list of ", lines: "one a line: " }[kind];
          return [command, `${shape}${fields.join(", ")}${note === undefined ? "" : ` (${note})`}`];
        }),
      },
      {
        title: "Everywhere",
        rows: [
          ["an error", ERROR],
          ["rules", RULES],
        ],
      },
    ],
    document: { documents: DOCUMENTS, error: ["code", "message", "hint", "exitCode", "connection"] },
  };
}
