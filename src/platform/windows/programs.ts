/** How programs are started on Windows. Pure: the caller spawns. */
import type { Environment } from "../context.ts";

/** A program of Windows itself, by its full path: a bare name would be looked for in the current folder first. */
export function systemProgram(env: Environment, name: string): string {
  const root = env.SYSTEMROOT ?? env.SystemRoot ?? "";
  const folder = /^[a-z]:\\/i.test(root) ? root : "C:\\Windows";
  return `${folder}${folder.endsWith("\\") ? "" : "\\"}System32\\${name}`;
}

export interface CommandLine {
  readonly words: string[];
  /** The words are the command line as they are; else each is quoted for CommandLineToArgvW, which cmd doesn't use. */
  readonly windowsVerbatimArguments: boolean;
}

/** `line` as it would be typed: with /s, cmd takes off the outer quotes and leaves those within (cmd /?). */
export function byShell(env: Environment, line: string): CommandLine {
  return {
    words: [systemProgram(env, "cmd.exe"), "/d", "/s", "/c", `"${line}"`],
    windowsVerbatimArguments: true,
  };
}

/** $VISUAL or $EDITOR as it is given, which may hold arguments; else Notepad. */
export function byEditor(env: Environment, file: string): CommandLine {
  const editor = env.VISUAL?.trim() || env.EDITOR?.trim();
  if (editor) return byShell(env, `${editor} "${file}"`);
  return { words: [systemProgram(env, "notepad.exe"), file], windowsVerbatimArguments: false };
}
