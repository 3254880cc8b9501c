/**
 * What would change, for a person: whole lines where they change as a whole; of a line that stays in part only the part that
 * changes, since the rest may hold what isn't ours to show.
 */
import { escapeText } from "../platform/escape.ts";
import type { Step } from "./engine.ts";

export interface Shown {
  readonly path: string;
  readonly action: "create" | "change" | "remove" | "record";
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

export async function shownStep({ found, text, link }: Step): Promise<Shown> {
  const { path, real } = found;
  const before = found.text;
  const at = real === path ? path : `${path} (${real})`;
  const action = before === text ? "record" : before === null ? "create" : text === null ? "remove" : "change";
  if (link !== null) {
    const line = (to: string | null): string[] => (to === null || before === text ? [] : [`link to ${to}`]);
    return { path: at, action, removed: line(before), added: line(text) };
  }
  const { diffLines } = await import("diff");
  const removed: string[] = [];
  const added: string[] = [];
  const changes = diffLines(withEnd(before ?? ""), withEnd(text ?? ""));
  for (const [number, { removed: goes, added: comes, value }] of changes.entries()) {
    if (!goes && !comes) continue;
    const other = changes[number + (goes ? 1 : -1)];
    const pair = other !== undefined && (goes ? other.added : other.removed) ? other.value : "";
    (goes ? removed : added).push(...partOf(value, pair));
  }
  return { path: at, action, removed, added };
}

/** A last line without an end is the same line with one. */
function withEnd(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

/** The lines of a text, without what its beginning and its end have in common with the other one. */
function partOf(text: string, other: string): string[] {
  let start = 0;
  while (start < Math.min(text.length, other.length) && text[start] === other[start]) start++;
  let end = 0;
  const most = Math.min(text.length, other.length) - start;
  while (end < most && text.at(-1 - end) === other.at(-1 - end)) end++;
  // The end of a line that had none isn't shown.
  while (/[\r\n]/.test(text[start] ?? "") && start < text.length - end) start++;
  const middle = text.slice(start, text.length - end);
  if (middle.trim() === "") return [];
  const from = text.lastIndexOf("\n", start - 1) + 1;
  const head = text.slice(from, start).trim() === "" ? text.slice(from, start) : "…";
  const rest = text.slice(text.length - end).split("\n", 1)[0] ?? "";
  const tail = rest.trim() === "" ? "" : "…";
  return `${head}${middle}${tail}`.replace(/\r?\n$/, "").split(/\r?\n/);
}

const WORDS = { create: "new", change: "changed", remove: "removed", record: "as it is" } as const;

/** As lines: the file, then what goes and what comes. */
export function shownLines({ path, action, removed, added }: Shown): string[] {
  const lines = [...removed.map((line) => `- ${line}`), ...added.map((line) => `+ ${line}`)];
  return [`${path} (${WORDS[action]})`, ...lines].map((line) => escapeText(line.replaceAll("\t", "    ")));
}
