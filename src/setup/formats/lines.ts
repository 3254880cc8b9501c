/**
 * Lines in the files that people write: INI, TOML, HCL, shells. Ours are between two comments that say so. Lines that
 * others add between the two are kept when ours are removed.
 */
import { type Added, applied, type Format, InTheWay, type LinesChange, Unreadable } from "../change.ts";
import { headerIn } from "./ini.ts";
import { requireRead } from "./read-back.ts";

const lines: Format<LinesChange> = {
  async add(text, change, mayReplace) {
    const result = addedTo(text, change, mayReplace);
    if (result !== null) await requireRead(text, applied(text, result.edits), change);
    return result;
  },
  async stateOf(text, change) {
    return stateIn(text, change);
  },
  async remove(text, change, was) {
    const block = blockIn(text, change);
    if (block === null) return text;
    const all = linesOf(text);
    const inner = all.slice(block.first + 1, block.last);
    const kept = withoutOurs(inner, change, all.slice(block.last + 1)).map((line) =>
      was === true && line.startsWith(KEPT) ? line.slice(KEPT.length) : line,
    );
    const before = all.slice(0, block.first).join("");
    return before + kept.join("") + all.slice(block.last + 1).join("");
  },
};
export default lines;

const MARK = "\uFEFF";

function addedTo(text: string, change: LinesChange, mayReplace: boolean): Added | null {
  if (blockIn(text, change) !== null) {
    if (stateIn(text, change) === "stands") return null;
    throw new Unreadable("has lines of an earlier 'auth setup', which were changed by hand: take them out first");
  }
  const all = linesOf(text);
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  const { from, to } = extentOf(all, change.section);
  const existing = settingIn(all, from, to, change.setting);
  if (existing >= 0) {
    const line = all[existing] ?? "";
    if (change.lines.length === 1 && line.trim() === change.lines[0]) return null;
    if (!mayReplace) throw new InTheWay(`${change.setting} is set`);
    if (isContinued(all[existing + 1])) throw new Unreadable(`sets ${change.setting} on several lines`);
    // The old line stays in the file, as a comment: it may be a secret, which may not go into the record.
    const at = lengthOf(all, existing);
    const [head = "", ...own] = blockLines(change, false).map((one) => one + end);
    const before = { at, removed: "", inserted: `${head}${KEPT}` };
    const gap = line.endsWith("\n") ? "" : end;
    const next = at + before.inserted.length + line.length;
    return { edits: [before, { at: next, removed: "", inserted: gap + own.join("") }], was: true };
  }
  const opens = Boolean(change.section) && from === 0;
  const at = change.section === "" ? topOf(text) : opens || change.section === null ? text.length : lengthOf(all, from);
  if (change.setting === null && /\\\r?\n?$/.test(text))
    throw new Unreadable("ends with a backslash, and so in the middle of a line");
  const gap = at > topOf(text) && !text.slice(0, at).endsWith("\n") ? end : "";
  return { edits: [{ at, removed: "", inserted: gap + blockOf(change, end, opens) }], was: null };
}

/** Part of the two comments. */
const OWNER = "auth setup";

/** The beginning of a line that was replaced. */
const KEPT = "# replaced by auth setup: ";

function opening({ label }: LinesChange): string {
  return `# >>> ${OWNER} ${label} >>>`;
}

function closing({ label }: LinesChange): string {
  return `# <<< ${OWNER} ${label} <<<`;
}

function blockOf(change: LinesChange, end: string, opens: boolean): string {
  return blockLines(change, opens)
    .map((line) => line + end)
    .join("");
}

/** The block, without line ends. @param opens its section's header is part of it */
export function blockLines(change: LinesChange, opens: boolean): string[] {
  return [opening(change), ...ownLines(change, opens), closing(change)];
}

function ownLines({ section, lines }: LinesChange, opens: boolean): readonly string[] {
  return opens && section ? [section, ...lines] : lines;
}

function topOf(text: string): number {
  return text.startsWith(MARK) ? MARK.length : 0;
}

/** With their line ends. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** Characters before the line of that number. */
function lengthOf(all: readonly string[], number: number): number {
  return all.slice(0, number).join("").length;
}

/** The numbers of the two comments. @throws Unreadable for one without the other */
function blockIn(text: string, change: LinesChange): { first: number; last: number } | null {
  const all = linesOf(text).map((line) => line.replace(MARK, "").trim());
  const first = all.indexOf(opening(change));
  const last = all.indexOf(closing(change));
  if (first < 0 && last < 0) return null;
  if (first < 0 || last < first) throw new Unreadable(`has lost one of the two comments around ${change.label}`);
  return { first, last };
}

function stateIn(text: string, change: LinesChange): "stands" | "gone" | "changed" {
  const block = blockIn(text, change);
  if (block === null) return "gone";
  let wanted = 0;
  for (const line of linesOf(text).slice(block.first + 1, block.last))
    if (line.trim() === change.lines[wanted]?.trim()) wanted++;
  return wanted === change.lines.length ? "stands" : "changed";
}

/** The lines under a header: from the one after it up to the next header. The whole file where no section is meant. */
function extentOf(all: readonly string[], section: string | null): { from: number; to: number } {
  if (section === null) return { from: 0, to: all.length };
  const first = all.findIndex(isHeader);
  if (section === "") return { from: 0, to: first < 0 ? all.length : first };
  const name = headerIn(section);
  const header = all.findIndex((line) => headerIn(line) === name);
  if (header < 0) return { from: 0, to: 0 };
  const next = all.findIndex((line, number) => number > header && isHeader(line));
  return { from: header + 1, to: next < 0 ? all.length : next };
}

/** Whether the text has that header: `[global]`. Without one, nothing has to be there. */
export function hasSection(text: string, section: string | null): boolean {
  return !section || text.split("\n").some((line) => headerIn(line) === headerIn(section));
}

function isHeader(line: string): boolean {
  return line.trimStart().startsWith("[");
}

/** -1 where there is none. */
function settingIn(all: readonly string[], from: number, to: number, setting: string | null): number {
  if (setting === null) return -1;
  // pip takes `_` for `-`.
  const plain = (name: string): string => name.toLowerCase().replaceAll("_", "-");
  const name = plain(setting);
  return all.findIndex((line, number) => {
    const text = plain(line.replace(MARK, "").trim());
    return number >= from && number < to && text.startsWith(name) && /^[\s=:]/.test(text.slice(name.length));
  });
}

/** The value of a setting in the place where ours would be; null: it isn't set there. */
export function settingValue(text: string, section: string | null, setting: string): string | null {
  const all = linesOf(text);
  const { from, to } = extentOf(all, section);
  const line = all[settingIn(all, from, to, setting)];
  return line === undefined ? null : line.replace(/^[^=:]*[=:]?/, "").trim();
}

/** Configuration parsers read an indented line as the continuation of the value before it. */
function isContinued(next: string | undefined): boolean {
  return next !== undefined && /^[ \t]+[^\s#;]/.test(next);
}

/** The lines between the two comments that aren't ours; our header is kept where others have put settings under it. */
function withoutOurs(inner: readonly string[], change: LinesChange, after: readonly string[]): string[] {
  const ours = ownLines(change, inner[0]?.trim() === change.section);
  const kept: string[] = [];
  let header: string | null = null;
  let at = 0;
  const keep = (line: string): void => {
    if (header !== null && isSetting(line)) {
      kept.push(header);
      header = null;
    }
    kept.push(line);
  };
  for (const line of inner) {
    if (line.trim() !== ours[at]?.trim()) keep(line);
    else {
      at++;
      if (isHeader(line)) header = line;
    }
  }
  const next = after.find((line) => isSetting(line) || isHeader(line));
  if (header !== null && next !== undefined && isSetting(next)) kept.push(header);
  return kept;
}

function isSetting(line: string): boolean {
  return /^\s*[^\s#;[]/.test(line);
}
