/** The kinds of entries in the audit log (CLI.md §5 `log`). */
export const AUDIT_EVENTS = [
  "login",
  "logout",
  "revoke",
  "refresh",
  "refresh_adopted",
  "token_read",
  "run",
  "export",
  "import",
  "plugin",
  "folder",
  "vault",
] as const;

/** An entry: one thing that happened, or was tried, to a credential. Never with a secret in it. */
export interface AuditEvent {
  readonly event: (typeof AUDIT_EVENTS)[number];
  readonly status: "success" | "failure";
  /** `provider:name`, or the provider of a token in the environment. */
  readonly connection?: string;
  /** Of a failed refresh: `transient`, `dead`, `client`, `interaction`. */
  readonly class?: string;
  /** An `ErrorCode`. */
  readonly code?: string;
  /** The provider's own word. */
  readonly providerError?: string | null;
  /** Its words beside it, on one line. */
  readonly detail?: string | null;
  readonly message?: string;
}
