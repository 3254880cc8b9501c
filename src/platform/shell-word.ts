/**
 * Commands that are printed for a person to paste into a shell. Whatever a value in one holds, and wherever it is from (a
 * provider, a plugin, a file), a shell takes it for one word and runs nothing in it. Property tests read the words with
 * sh, bash, zsh and fish.
 */
import { escapeText, withoutEnd } from "./escape.ts";

/** What the person has to fill in: `<id>`. A text that looks like one is quoted as any other. */
export interface Placeholder {
  readonly placeholder: string;
}

/** No shell takes any of these for itself: zsh expands a leading `=`, and fish a leading `%`. */
const BARE = /^[\w@+:,./-][\w@+=:,./-]*$/;
/** PowerShell takes a leading `@` and every comma for itself; the backslash separates folders. */
const BARE_ON_WINDOWS = /^[\w+:./\\-][\w@+=:./\\-]*$/;
/**
 * What PowerShell or cmd takes for itself within double quotes: PowerShell the backtick, `$` and typographic quotes
 * (about_Quoting_Rules), cmd two percent signs: a part of a variable can be a quote (`%NAME:~-1%`).
 */
const NOT_QUOTABLE_ON_WINDOWS = /["“”„$`]|%.*%/;

export function placeholder(name: string): Placeholder {
  return { placeholder: name };
}

/** The words as one line: `auth client set oidc --client-id 'my id'`. */
export function commandLine(words: readonly (string | Placeholder)[]): string {
  return words.map((word) => (typeof word === "string" ? shellWord(word) : `<${word.placeholder}>`)).join(" ");
}

/** The text as one word of a command, in quotes where a shell needs them. A control character is shown as its escape. */
export function shellWord(text: string, platform: NodeJS.Platform = process.platform): string {
  const line = escapeText(text);
  if (platform === "win32") return windowsWord(line);
  return BARE.test(line) ? line : quotedForShell(line);
}

/**
 * For POSIX shells and fish. In single quotes everything is itself, except that fish takes a backslash there for an
 * escape: so quotes and backslashes go into double quotes, which all of them agree on.
 */
export function quotedForShell(text: string): string {
  const runs = text.match(/['\\]+|[^'\\]+/g) ?? [""];
  return runs.map((run) => (/['\\]/.test(run) ? `"${run.replaceAll("\\", "\\\\")}"` : `'${run}'`)).join("");
}

/** For cmd and PowerShell, which agree on double quotes alone. What these can't hold is left to the person. */
function windowsWord(text: string): string {
  if (BARE_ON_WINDOWS.test(text)) return text;
  if (NOT_QUOTABLE_ON_WINDOWS.test(text)) return "<value>";
  // A backslash before the closing quote would escape it (CommandLineToArgvW).
  return `"${text}${text.slice(withoutEnd(text, "\\").length)}"`;
}

// Commands on files. On Windows they are such that cmd and PowerShell read them alike.

export function moveCommand(from: string, to: string, platform = process.platform): string {
  return `${platform === "win32" ? "move" : "mv"} ${shellWord(from, platform)} ${shellWord(to, platform)}`;
}

export function removeCommand(path: string, platform = process.platform): string {
  return `${platform === "win32" ? "del" : "rm -f"} ${shellWord(path, platform)}`;
}

/** Lets its owner read and write a file. On Windows: with the permissions of its folder. */
export function permitCommand(path: string, platform = process.platform): string {
  if (platform === "win32") return `icacls ${shellWord(path, platform)} /reset`;
  return `chmod 600 ${shellWord(path, platform)}`;
}

/** Lists all names of a file. */
export function namesCommand(path: string, platform = process.platform): string {
  return `${platform === "win32" ? "fsutil hardlink list" : "find / -xdev -samefile"} ${shellWord(path, platform)}`;
}
