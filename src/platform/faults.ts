/**
 * Only in the test build (`.ci/build.mjs --test-build`, RULES.md 6.0): instants at which the program can be ended, held up or
 * made to fail, and safeguards that can be taken out, so that a proof can be seen to fail.
 *
 *     if (feature("AUTH_TEST")) await faultPoint("note");
 *     if (feature("AUTH_TEST") && mutated("note-off")) …    the safeguard is missing
 *
 * The release is built without AUTH_TEST, so that the bundler drops these lines and all of this file. It does so only
 * where `feature(…)` is part of the condition: a helper around both would leave the names of all mutants in the release.
 *
 *     AUTH_TEST_FAULT   <point>[#<nth time>]:<what>[, …]   what: kill, a signal (SIGTERM or SIG15), pause=<file>, or the code of an error
 *     AUTH_TEST_MUTANT  <safeguard>
 *     AUTH_TEST_LIMITS  JSON laid over `limits.ts`
 */
/** In the order in which a refresh passes them, but for those of the disk. */
export type FaultPoint =
  | "locked"
  | "note"
  | "reply-read"
  | "kept"
  | "reply-learn"
  | "commit"
  | "print"
  | "reply-prepare"
  | "reply-keep"
  | "reply-blank"
  | "vault-commit"
  | "setup-recorded"
  | "setup-drafted"
  | "setup-written"
  | "setup-record-drafted";

export type Mutant =
  | "lock-off"
  | "lease-unchecked"
  | "reread-off"
  | "note-off"
  | "print-before-commit"
  | "cas-off"
  | "adoption-off"
  | "redaction-off"
  | "validate-before-commit";

const passed = new Map<FaultPoint, number>();

/** An instant of a refresh. Returns at once unless the environment orders something here. */
export async function faultPoint(point: FaultPoint): Promise<void> {
  const what = orderedAt(point);
  if (what === null) return;
  if (what.startsWith("pause=")) return pauseUntil(what.slice("pause=".length));
  await carryOut(point, what);
}

/** The same where nothing can be awaited, as before a write to the disk. @throws Error with the code ordered */
export function faultAtOnce(point: FaultPoint): void {
  const what = orderedAt(point);
  if (what === null) return;
  if (what === "kill") process.kill(process.pid, "SIGKILL");
  if (what.startsWith("SIG")) return void process.kill(process.pid, what);
  throw Object.assign(new Error(`${what} (injected at ${point})`), { code: what });
}

/** Whether this safeguard is taken out. */
export function mutated(safeguard: Mutant): boolean {
  return process.env.AUTH_TEST_MUTANT === safeguard;
}

/** Limits by their name, in milliseconds. */
export function testLimits(): Record<string, number> {
  return JSON.parse(process.env.AUTH_TEST_LIMITS ?? "{}");
}

/** What the mutant `print-before-commit` does wrong. */
export async function printEarly(token: string): Promise<void> {
  const { writeSync } = await import("node:fs");
  writeSync(1, `${token}\n`);
}

/** A secret that flows where none should, to see that the last net holds it: AUTH_TEST_LEAK=1. */
export function leaks(): boolean {
  return process.env.AUTH_TEST_LEAK === "1";
}

function orderedAt(point: FaultPoint): string | null {
  const time = (passed.get(point) ?? 0) + 1;
  passed.set(point, time);
  for (const order of (process.env.AUTH_TEST_FAULT ?? "").split(",")) {
    const [where, what] = order.split(/:(.*)/s);
    if (what !== undefined && (where === point || where === `${point}#${time}`)) return what;
  }
  return null;
}

/** `<file>.reached` appears; when the file itself does, it goes on. */
async function pauseUntil(file: string): Promise<void> {
  await Bun.write(`${file}.reached`, String(process.pid));
  while (!(await Bun.file(file).exists())) await Bun.sleep(5);
}

async function carryOut(point: FaultPoint, what: string): Promise<void> {
  if (what === "kill") {
    process.kill(process.pid, "SIGKILL");
    await Bun.sleep(10_000);
  }
  if (!what.startsWith("SIG")) throw Object.assign(new Error(`${what} (injected at ${point})`), { code: what });
  const number = Number(what.slice("SIG".length));
  process.kill(process.pid, number > 0 ? number : what);
  // Signals are delivered by the event loop: let it turn.
  await Bun.sleep(20);
}
