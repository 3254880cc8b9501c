/** `auth help json`: the JSON documents in words (CLI.md §4 and §5). */
import { DOCUMENTS } from "./documents.ts";
import type { Topic } from "./topics.ts";

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
