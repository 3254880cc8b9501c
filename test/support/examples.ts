/** Whether a command line that is shown to people is one that the program accepts. */
import { parseArguments } from "../../src/cli/arguments.ts";
import { readCall, splitWords } from "../../src/cli/helper/call.ts";
import { root } from "../../src/cli/root.ts";
import { HELPERS } from "../../src/inject/helpers/table.ts";
import { ownValue } from "../../src/platform/json.ts";

/** The words of each `auth …` in a line of shell. What a person has to fill in, `<id>`, is a word; a comment ends the line. */
export function callsIn(line: string): string[][] {
  const code = line.replace(/\s#.*$/, "").replaceAll(/<[a-z][\w -]*>/g, "word");
  const calls = code.matchAll(/(?<![\w./-]|\b(?:gcloud|gh|sentry) )auth (?!\})([^()|><;&]*)/g);
  return [...calls].map(([, words = ""]) =>
    (words.match(/'[^']*'|"[^"]*"|[^\s"']+/g) ?? []).map((word) => word.replace(/^(['"])(.*)\1$/, "$2")),
  );
}

/** @throws AuthError `usage` when it isn't */
export async function acceptedAs(argv: readonly string[]): Promise<string> {
  const [command, client = "", ...words] = argv;
  const helper = command === "helper" ? ownValue(HELPERS, client) : undefined;
  // What a client of a helper says isn't read as a command line of ours.
  if (helper !== undefined && !words.includes("--help")) {
    splitWords((await helper.load()).default, readCall(words).words);
    return "run";
  }
  return (await parseArguments(argv, root)).kind;
}
