/**
 * The one table of exit codes (CLI.md §2), and the one place where an error becomes text or JSON. What each error means
 * is in help/exit-codes.ts. Loaded once something has failed.
 */
import { AuthError, type ErrorCode, errorCode, messageOf } from "../platform/errors.ts";
import { jsonText } from "../platform/escape.ts";
import type { HttpError } from "../platform/http-failure.ts";

export const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  internal: 1,
  check_failed: 1,
  upgrade_unavailable: 1,
  import_refused: 1,
  setup_refused: 1,
  connection_not_found: 2,
  provider_not_found: 2,
  nothing_to_inject: 2,
  no_refresh_token: 3,
  env_token: 3,
  api_key: 3,
  refresh_token_invalid: 4,
  refresh_refused: 4,
  rotation_lost: 4,
  interaction_required: 4,
  login_required: 4,
  token_expired: 4,
  token_refused: 4,
  insufficient_scope: 4,
  network: 5,
  provider_unavailable: 5,
  rate_limited: 5,
  busy: 5,
  vault_unreachable: 5,
  client_missing: 6,
  client_rejected: 6,
  client_mismatch: 6,
  origin_mismatch: 6,
  scope_rejected: 6,
  access_denied: 7,
  login_timeout: 7,
  token_rejected: 7,
  vault_locked: 8,
  vault_corrupt: 8,
  vault_unwritable: 8,
  key_invalid: 8,
  vault_replaced: 8,
  vault_rolled_back: 8,
  plugin_untrusted: 9,
  plugin_invalid: 9,
  release_untrusted: 9,
  file_untrusted: 9,
  usage: 64,
  ambiguous_connection: 64,
  interrupted: 130,
};

/** Several results in one command: the worst one counts, in this order. */
const WORST_FIRST = [8, 9, 4, 6, 5, 2, 3, 1];

export function worst(codes: Iterable<number>): number {
  const seen = new Set(codes);
  seen.delete(0);
  return WORST_FIRST.find((code) => seen.has(code)) ?? Math.max(0, ...seen);
}

/** Anything thrown as the error that is shown: what isn't ours is `internal`, with its own message. */
export function asAuthError(error: unknown): AuthError {
  if (error instanceof AuthError) return error;
  const message = messageOf(error);
  const hint = `Run it again with -v to see where, and report it.`;
  switch (errorCode(error)) {
    case "ENOSPC":
      return new AuthError("internal", "There is no space left on the disk.", { cause: error, hint: "Make room." });
    case "auth_http":
      return new AuthError("network", sentence(message), { cause: error, hint: (error as HttpError).remedy });
    default:
      return new AuthError("internal", sentence(message), { cause: error, hint });
  }
}

/**
 * @param exitCode the one the process will really have
 * @param messages what was said before: warnings, and what a person would have been shown
 */
export function errorJson(error: AuthError, exitCode: number, messages: readonly string[]): string {
  return jsonText({ error: errorFields(error, exitCode, messages) });
}

/** As `errorJson`. */
export function errorFields(error: AuthError, exitCode: number, messages: readonly string[] = []): object {
  const { code, message, hint = null, connection = null, detail } = error;
  const said = { ...(detail !== undefined && { detail }), ...(messages.length > 0 && { messages }) };
  return { code, message, hint, ...said, exitCode, connection };
}

/** `Error: <what happened>`, the provider's own words where there are any, then what to do. */
export function errorLines(error: AuthError): string[] {
  const [first, ...more] = errorWords(error);
  return [`Error: ${first}`, ...more];
}

export function errorWords({ message, detail, hint }: AuthError): string[] {
  return [message, ...(detail === undefined ? [] : [`The provider says: ${detail}`]), ...(hint?.split("\n") ?? [])];
}

function sentence(text: string): string {
  const line = text.trim().split("\n", 1)[0] || "Something failed";
  return /[.!?]$/.test(line) ? line : `${line}.`;
}
