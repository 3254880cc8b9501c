/** What the comments of a catalogue's manifest say in a fixed form, for docs/catalogue.md and its tests. */

/** The heads of comments that have a form, in the order in which a file has them. */
const HEADS = ["not sayable yet", "looked up", "dead refresh token", "refresh.rotation"] as const;

export type Head = (typeof HEADS)[number];

/** Each `# <head>: …`, with the comment's further lines, up to the next head or the end of the comment. */
export function notesOf(text: string, head: Head): string[] {
  const lines = text.split("\n");
  return lines.flatMap((line, at) => {
    if (!line.startsWith(`# ${head}: `)) return [];
    const sentence = [line.slice(`# ${head}: `.length)];
    for (const next of lines.slice(at + 1)) {
      if (!next.startsWith("# ") || isHead(next) || sentence.at(-1)?.endsWith(".")) break;
      sentence.push(next.slice(2));
    }
    return [sentence.join(" ")];
  });
}

function isHead(line: string): boolean {
  return HEADS.some((head) => line.startsWith(`# ${head}: `));
}

export interface LookUp {
  /** As 2026-11-27. */
  readonly date: string;
  /** What was looked up then, or null: all that isn't marked as remembered. */
  readonly what: string | null;
}

/** `# looked up: 2026-11-25.`, or `# looked up: 2026-11-27, the revocation.` */
export function lookUpsOf(text: string): LookUp[] {
  return notesOf(text, "looked up").map((note) => {
    const [, date, , what] = /^(\d{4}-\d\d-\d\d)(, (.+))?\.$/.exec(note) ?? [];
    if (date === undefined) throw new Error(`not a date, nor a date and what was looked up: ${note}`);
    return { date, what: what ?? null };
  });
}

export interface DeadToken {
  /** Null: the provider gives none, or what it looks like isn't known. The status is null where no source has it. */
  readonly seen: { readonly status: number | null; readonly body: string } | null;
  /** What the file says of it, without its sources. */
  readonly words: string;
  readonly sources: readonly string[];
}

/**
 * `# dead refresh token: HTTP 400 {"error":"invalid_grant"} (https://…).`, with `4xx` where no source has the status; `# dead refresh token: unknown.` or
 * `# dead refresh token: none is given.`; null where the file doesn't say.
 */
export function deadTokenOf(text: string): DeadToken | null {
  const [note] = notesOf(text, "dead refresh token");
  if (note === undefined) return null;
  const [, status, body] = /^HTTP (\d{3}|4xx) (\{.*\})/.exec(note) ?? [];
  return {
    seen:
      status === undefined || body === undefined ? null : { status: status === "4xx" ? null : Number(status), body },
    words: note.replace(/ \(https:[^)]*\)/g, "").replace(/\.$/, ""),
    sources: urlsIn(note),
  };
}

/** The addresses that a file's comments name, each once. */
export function sourcesOf(text: string): string[] {
  const comments = text.split("\n").filter((line) => line.startsWith("#"));
  return [...new Set(comments.flatMap(urlsIn))];
}

/** An address ends at a blank, a comma, a closing parenthesis, or a sentence's full stop. */
function urlsIn(text: string): string[] {
  return [...text.matchAll(/https:\/\/[^\s,)<>]+/g)].map(([url]) => url.replace(/[.:;]+$/, ""));
}
