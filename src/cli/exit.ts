/** The one table of error and exit codes (CLI.md §2), and the one place where an error becomes text or JSON. */
import { AuthError, type ErrorCode, errorCode } from "../platform/errors.ts";
import { jsonText } from "../platform/escape.ts";
import type { HttpError } from "../platform/http-failure.ts";

/** Each error code: its exit code, and what it means. `auth help error-codes` prints it. */
export const ERRORS: Readonly<Record<ErrorCode, readonly [exitCode: number, meaning: string]>> = {
  internal: [1, "Something unexpected failed. Run the command again with -v, and report it."],
  check_failed: [1, "A check of 'auth doctor' or 'auth provider check' failed."],
  connection_not_found: [2, "There is no such connection. 'auth list' shows those there are."],
  provider_not_found: [2, "There is no such provider. 'auth provider list' shows those there are."],
  nothing_to_inject: [
    2,
    "'auth run' or 'auth export' was given no connection, and every login was left out. 'run' exits 125, 'export' with the worst code of the logins left out.",
  ],
  no_refresh_token: [
    3,
    "The login has no refresh token. A login without a person gets its next token by 'auth token'; any other is made again when it expires.",
  ],
  env_token: [3, "The token comes from an environment variable: change it there."],
  api_key: [3, "API keys never refresh. Replace the key with 'auth login <connection> --token -'."],
  refresh_token_invalid: [4, "The provider no longer accepts the refresh token. Log in again."],
  refresh_refused: [4, "The provider refused the refresh with a code that no description knows."],
  rotation_lost: [
    4,
    "The provider's reply to an earlier refresh was lost, and with it the new refresh token. Log in again.",
  ],
  interaction_required: [4, "The provider wants a person to log in again."],
  login_required: [
    4,
    "The connection is stored, but not logged in (a profile, or a revoked login), or its token lacks a scope that --scope asks for. Log in.",
  ],
  token_expired: [4, "The token has expired and can't be refreshed. Log in again."],
  token_refused: [4, "The API refused a token that was only just issued. The account may lack the permission."],
  network: [5, "The provider could not be reached, or the connection broke. Try again."],
  provider_unavailable: [5, "The provider answered with an error of its own. Try again later."],
  rate_limited: [5, "The provider asks to wait. Try again later."],
  busy: [5, "Another process is refreshing, or the vault's key is being changed. Try again."],
  client_missing: [6, "No OAuth client is known for this provider. Give one, or log in with a token."],
  client_rejected: [6, "The provider refused the OAuth client. Check its id and secret."],
  client_mismatch: [6, "A flag or variable names another OAuth client than the one this login was made with."],
  origin_mismatch: [6, "A flag, variable or plugin names another host than the one this login was made for."],
  scope_rejected: [6, "The provider refused a scope. Log in with others."],
  access_denied: [7, "The login was refused at the provider."],
  login_timeout: [7, "The login was not completed in time."],
  token_rejected: [7, "The provider doesn't accept the token that was given. It was not stored."],
  vault_locked: [8, "The key that opens the vault isn't here, or is another one."],
  vault_corrupt: [8, "The vault or a record in it is damaged."],
  vault_unwritable: [8, "The vault can't be written here."],
  key_invalid: [8, "AUTH_KEY is not 32 bytes in base64, base64url or hex."],
  vault_rolled_back: [8, "The vault is older than this machine remembers it."],
  vault_replaced: [8, "The vault is another one than this machine knows."],
  plugin_untrusted: [
    9,
    "A plugin with code has not been trusted, or was changed since. Review it, then 'auth provider trust'.",
  ],
  plugin_invalid: [9, "A plugin's description is wrong."],
  usage: [64, "The command line is wrong. Add --help to see how the command is used."],
  ambiguous_connection: [64, "Several connections are meant. Name one, or choose one with 'auth use'."],
  interrupted: [130, "Interrupted by Ctrl-C or a signal."],
};

export const EXIT_CODES = Object.fromEntries(
  Object.entries(ERRORS).map(([code, [exitCode]]) => [code, exitCode]),
) as Readonly<Record<ErrorCode, number>>;

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
  const message = error instanceof Error ? error.message : String(error);
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

/** @param exitCode the one the process will really have */
export function errorJson(error: AuthError, exitCode: number): string {
  const { code, message, hint = null, connection = null, detail } = error;
  return jsonText({ error: { code, message, hint, ...(detail !== undefined && { detail }), exitCode, connection } });
}

/** `Error: <what happened>`, the provider's own words where there are any, then what to do. */
export function errorText(error: AuthError): string {
  return `Error: ${errorWords(error)}`;
}

export function errorWords({ message, detail, hint }: AuthError): string {
  const lines = [message, detail === undefined ? undefined : `The provider says: ${detail}`, hint];
  return lines.filter((line) => line !== undefined).join("\n");
}

function sentence(text: string): string {
  const line = text.trim().split("\n", 1)[0] || "Something failed";
  return /[.!?]$/.test(line) ? line : `${line}.`;
}
