/**
 * The one family of errors a person or a script ever sees. Thrown where the fault is known,
 * rendered in one place (`cli/exit.ts`), which also holds the exit code of each `ErrorCode`.
 */
export type ErrorCode =
  | "internal"
  | "check_failed"
  | "connection_not_found"
  | "provider_not_found"
  | "nothing_to_inject"
  | "no_refresh_token"
  | "env_token"
  | "api_key"
  | "refresh_token_invalid"
  | "refresh_refused"
  | "rotation_lost"
  | "interaction_required"
  | "login_required"
  | "token_expired"
  | "token_refused"
  | "insufficient_scope"
  | "network"
  | "provider_unavailable"
  | "rate_limited"
  | "busy"
  | "client_missing"
  | "client_rejected"
  | "client_mismatch"
  | "origin_mismatch"
  | "scope_rejected"
  | "access_denied"
  | "login_timeout"
  | "token_rejected"
  | "vault_locked"
  | "vault_corrupt"
  | "vault_unwritable"
  | "key_invalid"
  | "vault_replaced"
  | "vault_rolled_back"
  | "vault_unreachable"
  | "plugin_untrusted"
  | "plugin_invalid"
  | "release_untrusted"
  | "file_untrusted"
  | "upgrade_unavailable"
  | "import_refused"
  | "setup_refused"
  | "usage"
  | "ambiguous_connection"
  | "interrupted";

export interface ErrorDetails {
  /** What the reader should do next; may hold several lines. */
  hint?: string;
  /** The connection it happened to, as `provider:name`. */
  connection?: string;
  /** The provider's own words, by `outsideWords`: on one line, without a secret. null or empty: none. */
  detail?: string | null | undefined;
  cause?: unknown;
}

export class AuthError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly connection: string | undefined;
  readonly detail: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.connection = details.connection;
    this.detail = details.detail || undefined;
  }

  /** The same error with some of what it says put otherwise. Its cause is the first one's, or that error itself. */
  restated(changes: ErrorDetails & { readonly message?: string }): AuthError {
    const { message = this.message, ...details } = changes;
    return new AuthError(this.code, message, {
      ...(this.hint !== undefined && { hint: this.hint }),
      ...(this.connection !== undefined && { connection: this.connection }),
      detail: this.detail,
      cause: this.cause ?? this,
      ...details,
    });
  }
}

/** A usage error (exit 64): the command line itself is wrong. */
export function usage(message: string, hint = "Add --help to see how the command is used."): AuthError {
  return new AuthError("usage", message, { hint });
}

/** What to do where the system has no descriptor left for another file or connection. */
export const RAISE_FILE_LIMIT = "Raise the limit: ulimit -n 256";

/** EMFILE, ENFILE: no file or connection can be opened any more. */
export function isOutOfFiles(error: unknown): boolean {
  return /^E[MN]FILE$/.test(errorCode(error) ?? "");
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a system, SQLite or fetch error. Names are minified away in the binary; codes are not. */
export function errorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}
