/** The JSON documents that commands print, by their fields. A test compares them with what is printed. */

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

const MEMBERS = words("members epoch records fingerprint");

const AGENT = words("running version pid since vault locked lockedBy idleSeconds locksWithSession socket tcp");

const PROVIDER = words(`id title origin docs source fault trust replaces aliases flows origins otherOrigins variables
  alsoReads writes companions baseUrls settings presets`);

const CLIENT_METADATA = words(`client_id client_name application_type redirect_uris grant_types response_types
  token_endpoint_auth_method`);

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
    note: "also of 'auth revoke'; of 'auth profile delete', and of several, a list",
  },
  { command: "auth use", kind: "object", fields: ["connection", "default", "providerDefault"] },
  {
    command: "auth login",
    kind: "lines",
    fields: ["event"],
    note: "device_code, authorize, form, and last connected: {connection, account, scopes, expiresAt, refreshable}; the browser opens as without --json, unless --no-browser is given",
  },
  {
    command: "auth profile show",
    kind: "object",
    fields: PROFILE,
    note: "also of 'auth profile create' and 'auth profile edit'",
  },
  { command: "auth profile list", kind: "list", fields: PROFILE },
  { command: "auth client set", kind: "object", fields: words("provider origin clientId hasSecret") },
  {
    command: "auth client list",
    kind: "list",
    fields: words("provider origin clientId hasSecret chosen source savedAt"),
  },
  { command: "auth client remove", kind: "object", fields: words("provider clientId removed") },
  {
    command: "auth export",
    kind: "object",
    fields: ["AUTH_INJECTED"],
    note: "and each variable, with its token",
  },
  {
    command: "auth proxy",
    kind: "lines",
    fields: words("event port connections environment"),
    note: "listening: each connection with connection, address, origins, addresses, variables; environment is for a program",
  },
  {
    command: "auth allow",
    kind: "object",
    fields: words("path state profile default connections variables"),
    note: "of a file for --env-file {path, allowed, references}",
  },
  {
    command: "auth allow --list",
    kind: "list",
    fields: words("path state fault since profile default connections variables"),
    note: "of a file for --env-file references instead of the last four; of a denied one none of them",
  },
  { command: "auth deny", kind: "object", fields: ["path", "state"], note: "also of 'auth allow --undo'" },
  {
    command: "auth import",
    kind: "object",
    fields: ["found", "refused"],
    note: "with a source one a line: event (imported, left) and the fields of what was found",
  },
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
  {
    command: "auth agent start",
    kind: "object",
    fields: AGENT,
    note: "idleSeconds null: it doesn't lock by itself",
  },
  {
    command: "auth agent status",
    kind: "object",
    fields: AGENT,
    note: "with --show-secret also tcpSecret; {running: false} where none runs",
  },
  { command: "auth agent lock", kind: "object", fields: ["locked"] },
  { command: "auth agent stop", kind: "object", fields: ["stopped"] },
  {
    command: "auth mcp login",
    kind: "lines",
    fields: ["event"],
    note: "the events of login, a server for each, last {summary: {loggedIn, connected, noLogin, left, failed}}",
  },
  {
    command: "auth mcp client-metadata",
    kind: "object",
    fields: CLIENT_METADATA,
    note: "the document to serve, by the names of RFC 7591",
  },
  { command: "auth provider list", kind: "list", fields: PROVIDER },
  {
    command: "auth provider show",
    kind: "object",
    fields: [...PROVIDER, ...words("description issuer endpoints scopes client")],
  },
  { command: "auth provider new", kind: "object", fields: words("provider file flows") },
  {
    command: "auth provider add",
    kind: "object",
    fields: words("provider origin file hash replaces trust"),
    note: "--from: a list of these",
  },
  { command: "auth provider trust", kind: "object", fields: words("provider trust hash") },
  { command: "auth provider remove", kind: "object", fields: words("provider removed") },
  {
    command: "auth provider types",
    kind: "object",
    fields: words("$schema $defs title description type properties additionalProperties anyOf"),
    note: "a JSON Schema",
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
  {
    command: "auth vault use",
    kind: "object",
    fields: ["store", "chosenBy"],
    note: "with an address also vaultId, connections",
  },
  { command: "auth vault init", kind: "object", fields: ["created", "keySource"] },
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
  { command: "auth vault member key", kind: "object", fields: ["publicKey", "made"] },
  {
    command: "auth vault member add",
    kind: "object",
    fields: ["added", ...MEMBERS],
    note: "members is how many there are",
  },
  {
    command: "auth vault member list",
    kind: "object",
    fields: ["members", "fingerprint"],
    note: "each with name, publicKey, self",
  },
  { command: "auth vault member remove", kind: "object", fields: ["removed", ...MEMBERS] },
  { command: "auth --version", kind: "object", fields: ["version"] },
];
