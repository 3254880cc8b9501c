/** The topics of exit codes and error codes (CLI.md §2), from the table in `cli/exit.ts`. */
import { ERRORS } from "../exit.ts";
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
  9: "A plugin was refused.",
  64: "The command line is wrong.",
  130: "Interrupted.",
};

const RUN =
  "'auth run' passes on the command's own code; 128 + n if signal n ended it; 125 if no token could be had " +
  "(the error code says why), 126 if the command can't be run, 127 if it isn't found.";

const SEVERAL = "Where one command has several results, the worst counts, in the order 8 9 4 6 5 2 3 1.";

export function exitCodes(): Topic {
  const document = Object.entries(EXIT_MEANINGS).map(([exit, meaning]) => {
    const exitCode = Number(exit);
    const errors = Object.entries(ERRORS).filter(([, [code]]) => code === exitCode);
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
  const all = Object.entries(ERRORS);
  return {
    intro: "The error codes of --json: error.code says what happened, error.hint what to do",
    sections: [
      {
        title: "Error codes",
        rows: all.map(([code, [exitCode, meaning]]) => [code, `${meaning} (exit ${exitCode})`]),
      },
    ],
    document: all.map(([code, [exitCode, meaning]]) => ({ code, exitCode, meaning })),
  };
}
