/** Which `.auth.toml` decides in the current folder. Loaded only where there is one. */
import { AuthError } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import { commandLine } from "../../platform/shell-word.ts";
import type { Vault } from "../../vault/types.ts";
import type { DecidingFile } from "./choice.ts";
import { fileFaultOf, readFolderFile } from "./file.ts";
import { readFolderPin } from "./pins.ts";

export interface FolderState {
  readonly decidingFile: DecidingFile | null;
  /** Its file was allowed, and may not be used as it is now: what depends on it fails. */
  readonly refused: AuthError | null;
  /** Nearer files that aren't allowed, and so are as if they weren't there. */
  readonly passedOver: readonly PassedOver[];
}

export interface PassedOver {
  readonly path: string;
  /** Why it can't be allowed as it is, as a clause; null: it can. */
  readonly fault: string | null;
}

/** For the person, who may not know of it. */
export function notAllowed({ path, fault }: PassedOver): string[] {
  const why = fault === null ? "isn't allowed, so it isn't used." : `isn't used: ${fault}.`;
  return [
    `${escapeText(path)} ${why}`,
    ...(fault === null ? [`Look at it, then: ${commandLine(["auth", "allow", path])}`] : []),
    `To hear no more of it: ${commandLine(["auth", "deny", path])}`,
  ];
}

/**
 * The nearest file that is allowed. One that was allowed and has changed decides too: by failing, since the person relies
 * on it.
 *
 * @param paths the nearest first
 */
export async function folderState(paths: readonly string[], vault: Vault | null): Promise<FolderState> {
  const passedOver: PassedOver[] = [];
  for (const path of paths) {
    const pin = vault === null ? null : await readFolderPin(vault, path, "cached");
    if (pin !== null && pin.allowed === null) continue;
    if (pin?.allowed == null) {
      passedOver.push({ path, fault: fileFaultOf(path) });
      continue;
    }
    const { text, fault } = await readFolderFile(path);
    if (text === pin.allowed.text)
      return { decidingFile: { file: path, ...pin.allowed.choice }, refused: null, passedOver };
    const refused = text === null ? spoiled(path, fault) : await changed(path, pin.allowed.text, text);
    return { decidingFile: null, refused, passedOver };
  }
  return { decidingFile: null, refused: null, passedOver };
}

function spoiled(path: string, fault: string): AuthError {
  return new AuthError("file_untrusted", `${escapeText(path)} was allowed, but can't be used any more: ${fault}.`, {
    hint: `Correct that; or do without it: ${commandLine(["auth", "deny", path])}`,
  });
}

async function changed(path: string, before: string, after: string): Promise<AuthError> {
  return new AuthError("file_untrusted", `${escapeText(path)} was changed since it was allowed, so it isn't used.`, {
    hint: [
      ...(await changesBetween(before, after)),
      `If that is right: ${commandLine(["auth", "allow", path])}`,
      `To do without it: ${commandLine(["auth", "deny", path])}`,
    ].join("\n"),
  });
}

/** Lines and characters of a change that are shown: the file is another's text. */
const MOST_LINES = 20;
const LONGEST_LINE = 160;
/** Lines that went and came together: the time to find them grows with the square of their number. */
const MOST_EDITS = 500;

/** `-` and `+` before each line that went and came. */
export async function changesBetween(before: string, after: string): Promise<string[]> {
  const { diffLines } = await import("diff");
  const parts = diffLines(before, after, { maxEditLength: MOST_EDITS });
  if (parts === undefined) return [`  more than ${MOST_EDITS} lines`];
  const lines = parts.flatMap(({ value, added, removed }) => {
    if (!added && !removed) return [];
    return value
      .replace(/\n$/, "")
      .split("\n")
      .map((line) => `  ${added ? "+" : "-"} ${shown(line)}`);
  });
  return lines.length > MOST_LINES
    ? [...lines.slice(0, MOST_LINES), `  … and ${lines.length - MOST_LINES} more`]
    : lines;
}

function shown(line: string): string {
  const text = escapeText(line.replaceAll("\t", "    "));
  return text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE)}…` : text;
}
