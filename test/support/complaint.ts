/** What a failing command owes its caller, whatever went wrong: CLI.md §1 "Errors", §2. */
import { expect } from "bun:test";
import { auth, type Ended, type RunOptions } from "./program.ts";

export interface Complaint {
  readonly exit: number;
  /** The error's code; several where the damage decides which. */
  readonly code: string | readonly string[];
  /** What the message or its hint must hold. */
  readonly says?: string;
}

/** Longer, and what a person typed or a stranger sent was repeated to them. */
const LONGEST = 1500;

/** A trace, Bun's own words, a value that was left out, a character that steers a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CARELESS = /\n\s+at |\$bunfs|\[object |\bundefined\b|\bNaN\b|[\x00-\x08\x0b-\x1f\x7f]/;

export type Call = (args: readonly string[], options?: RunOptions) => Promise<Ended>;

/** Runs it for a person and for a program: each gets the exit code, one error, what to do, and no data. */
export async function expectComplaint(
  args: readonly string[],
  complaint: Complaint,
  options: RunOptions = {},
  call: Call = auth,
): Promise<void> {
  checkText(await call(args, options), complaint);
  checkJson(await call(["--json", ...args], options), complaint);
}

export function checkText(ended: Ended, { exit, code, says = "" }: Complaint): void {
  const { stderr } = ended;
  expect({ exit: ended.code, stderr }).toEqual({ exit, stderr });
  const lines = stderr.trimEnd().split("\n");
  const at = lines.findIndex((line) => line.startsWith("Error: "));
  const errors = lines.filter((line) => line.startsWith("Error: ")).length;
  expect({ errors, stderr, code }).toEqual({ errors: 1, stderr, code });
  expect({ hint: lines.slice(at + 1).join("\n"), stderr }).not.toEqual({ hint: "", stderr });
  expect(ended.stdout).toBe("");
  checkWords(stderr);
  expect(stderr).toContain(says);
}

export function checkJson(ended: Ended, { exit, code, says = "" }: Complaint): void {
  const { stderr } = ended;
  expect({ exit: ended.code, stderr }).toEqual({ exit, stderr });
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  const { error, ...others } = JSON.parse(stderr);
  expect(others).toEqual({});
  const more = ["detail", "messages"].filter((field) => field in error);
  expect(Object.keys(error)).toEqual(["code", "message", "hint", ...more, "exitCode", "connection"]);
  expect(error.exitCode).toBe(exit);
  expect([code].flat()).toContain(error.code);
  expect(error.message).toMatch(/\S/);
  expect(error.hint ?? "").toMatch(/\S/);
  checkWords(stderr);
  expect(`${error.message}\n${error.hint}`).toContain(says);
}

function checkWords(stderr: string): void {
  expect(stderr).not.toMatch(CARELESS);
  expect(stderr.length).toBeLessThan(LONGEST);
}
