/** The topics of exit codes and error codes (CLI.md §2): the table in `cli/exit.ts`, in words. */
import type { ErrorCode } from "../../platform/errors.ts";
import { EXIT_CODES } from "../exit.ts";
import type { Topic } from "./topics.ts";

const EXIT_MEANINGS: Readonly<Record<number, string>> = {
  0: "Done.",
  1: "General error.",
  2: "The connection, profile or provider was not found.",
  3: "This kind of login has no refresh token.",
  4: "Log in again.",
  5: "The network or the provider has trouble: try again.",
  6: "The OAuth client is missing or was refused.",
  7: "The login was refused, cancelled or timed out.",
  8: "The vault can't be opened, read or written.",
  9: "A plugin, a release or a file was refused.",
  64: "The command line is wrong.",
  130: "Interrupted.",
};

const ERROR_MEANINGS: Readonly<Record<ErrorCode, string>> = {
  internal: "Something unexpected failed. Run the command again with -v, and report it.",
  check_failed:
    "A check of 'auth doctor', 'auth provider check' or 'auth setup --check' failed, or the refresh of 'auth provider try'.",
  connection_not_found: "There is no such connection. 'auth list' shows those there are.",
  provider_not_found: "There is no such provider. 'auth provider list' shows those there are.",
  nothing_to_inject:
    "'auth run' or 'auth export' was given no connection, and every login was left out. 'run' exits 125, 'export' with the worst code of the logins left out.",
  no_refresh_token:
    "The login has no refresh token. A login without a person gets its next token by 'auth token'; any other is made again when it expires.",
  env_token: "The token comes from an environment variable: change it there.",
  api_key: "API keys never refresh. Replace the key with 'auth login <connection> --token -'.",
  refresh_token_invalid: "The provider no longer accepts the refresh token. Log in again.",
  refresh_refused: "The provider refused the refresh with a code that no description knows.",
  rotation_lost:
    "The provider's reply to an earlier refresh was lost, and with it the new refresh token. Log in again.",
  interaction_required: "The provider wants a person to log in again.",
  login_required:
    "The connection is stored, but not logged in (a profile, or a revoked login), or its token lacks a scope that --scope asks for. Log in.",
  token_expired: "The token has expired and can't be refreshed. Log in again.",
  token_refused: "The API refused a token that was only just issued. The account may lack the permission.",
  insufficient_scope: "The API wants scopes that the token doesn't have. Log in with --add-scope.",
  network: "The provider could not be reached, or the connection broke. Try again.",
  provider_unavailable: "The provider answered with an error of its own. Try again later.",
  rate_limited: "The provider asks to wait. Try again later.",
  busy: "Another process is refreshing, or the vault's key is being changed. Try again.",
  vault_unreachable: "The server of the shared vault can't be reached.",
  client_missing: "No OAuth client is known for this provider. Give one, or log in with a token.",
  client_rejected: "The provider refused the OAuth client. Check its id and secret.",
  client_mismatch: "A flag or variable names another OAuth client than the one this login was made with.",
  origin_mismatch:
    "A flag, variable or plugin names another host than the one this login was made for, or the provider one that its description doesn't allow; or the connection's name stands for a login at another host by now.",
  scope_rejected: "The provider refused a scope. Log in with others.",
  access_denied: "The login was refused at the provider.",
  login_timeout: "The login was not completed in time.",
  token_rejected: "The provider doesn't accept the token that was given. It was not stored.",
  vault_locked: "The key that opens the vault isn't here, or is another one.",
  vault_corrupt: "The vault or a record in it is damaged.",
  vault_unwritable: "The vault can't be written here.",
  key_invalid: "AUTH_KEY is not 32 bytes in base64, base64url or hex.",
  vault_replaced: "The vault is another one than this machine knows.",
  vault_rolled_back: "The shared vault has an older state than this machine has seen.",
  file_untrusted:
    "A file that says which tokens a command gets was not allowed, has changed since, or could be another's. Look at it, then 'auth allow'.",
  plugin_untrusted:
    "A plugin with code has not been trusted, or was changed since. Review it, then 'auth provider trust'.",
  plugin_invalid: "A plugin's description is wrong.",
  release_untrusted: "What is offered as a newer auth is not signed by its publisher, damaged, or out of date.",
  upgrade_unavailable: "This auth can't upgrade itself. The message says why, and what does.",
  import_refused:
    "Another program's file isn't read or changed (it is a link, another user's, damaged, newer), or nothing in it can be taken.",
  setup_refused:
    "Another program's configuration isn't changed: it is read-only, another user's, changed by hand, or has another helper already.",
  usage: "The command line is wrong. Add --help to see how the command is used.",
  ambiguous_connection: "Several connections are meant. Name one, or choose one with 'auth use'.",
  interrupted: "Interrupted by Ctrl-C or a signal.",
};

const RUN =
  "'auth run' and 'auth curl' pass on the command's own code; 128 + n if signal n ended it; 125 if no token could be had " +
  "(the error code says why), 126 if the command can't be run, 127 if it isn't found.";

const SEVERAL = "Where one command has several results, the worst counts, in the order 8 9 4 6 5 2 3 1.";

export function exitCodes(): Topic {
  const document = Object.entries(EXIT_MEANINGS).map(([exit, meaning]) => {
    const exitCode = Number(exit);
    const errors = Object.entries(EXIT_CODES).filter(([, code]) => code === exitCode);
    return { exitCode, meaning, errorCodes: errors.map(([code]) => code) };
  });
  const rows = document.map(
    ({ exitCode, meaning, errorCodes }) =>
      [String(exitCode), errorCodes.length === 0 ? meaning : `${meaning} (${errorCodes.join(", ")})`] as const,
  );
  const special = [
    ["its own", RUN],
    ["several", SEVERAL],
  ] as const;
  return {
    intro: "What each exit code means",
    sections: [
      { title: "Exit codes", rows },
      { title: "auth run", rows: special },
    ],
    document,
  };
}

export function errorCodes(): Topic {
  const document = Object.entries(ERROR_MEANINGS).map(([code, meaning]) => ({
    code,
    exitCode: EXIT_CODES[code as ErrorCode],
    meaning,
  }));
  return {
    intro: "The error codes of --json: error.code says what happened, error.hint what to do",
    sections: [
      {
        title: "Error codes",
        rows: document.map(({ code, exitCode, meaning }) => [code, `${meaning} (exit ${exitCode})`]),
      },
    ],
    document,
  };
}
