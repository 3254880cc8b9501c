/**
 * What a power cut finds on the disk. A killed process says nothing about that (with synchronous=OFF nothing is lost
 * either), so the system calls are looked at: what was synced before what (RULES.md 6.2).
 */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Mutant } from "../../src/platform/faults.ts";
import { lacking } from "../support/needs.ts";
import { AUTH, bareEnvironment, run, tempFolder } from "../support/program.ts";
import { KEY } from "../vault/home.ts";
import { BACKENDS } from "../vault/shared-home.ts";
import { LOGIN, mustFail, withProofHome } from "./proof-home.ts";

/** The places in a trace where each thing first happens; -1 for never. */
interface Trace {
  readonly replyFileSynced: number;
  readonly noteSynced: number;
  readonly connected: number;
  readonly sent: number;
  readonly replyRead: number;
  readonly replyKept: number;
  readonly committed: number;
  readonly printed: number;
}

async function traced(mutant?: Mutant): Promise<Trace> {
  return withProofHome(async (home) => {
    const { issuer } = home;
    const file = join(home.folder, "trace");
    const syscalls = "fsync,fdatasync,ftruncate,connect,sendto,recvfrom,recvmsg,read,write,writev";
    const under = ["strace", "-f", "-y", "-s", "40", "-o", file, "-e", `trace=${syscalls}`];
    const { code } = await home.run(["token", LOGIN], { under, mutant });
    expect(code).toBe(0);
    const calls = callsIn(readFileSync(file, "utf8"));
    const port = new URL(issuer.url).port;
    const begun = (pattern: RegExp): number => calls.find(({ text }) => pattern.test(text))?.begun ?? -1;
    const done = (pattern: RegExp, from = 0): number =>
      calls.find((call) => call.done >= from && pattern.test(call.text))?.done ?? -1;
    const synced = (name: string): RegExp => new RegExp(`\\bf(data)?sync\\(\\d+<${home.folder}/${name}>\\) += 0`);
    /** SQLite's commit point: the pages are in the file, and the emptied journal, which would undo them, on the disk. */
    const committed = (from: number): number => {
      const written = done(synced("vault\\.db"), from);
      const emptied = written < 0 ? -1 : done(/\bftruncate\(\d+<[^>]*vault\.db-journal>, 0\) += 0/, written);
      return emptied < 0 ? -1 : done(synced("vault\\.db-journal"), emptied);
    };
    const replyRead = done(/\b(recvfrom|recvmsg|read)\(.*"HTTP\/1\.1 200/);
    return {
      replyFileSynced: done(synced("vault\\.locks/\\w+\\.reply")),
      noteSynced: committed(0),
      connected: begun(new RegExp(`\\bconnect\\(.*htons\\(${port}\\)`)),
      sent: begun(/\bsendto\(.*"POST \/token/),
      replyRead,
      replyKept: done(synced("vault\\.locks/\\w+\\.reply"), Math.max(0, replyRead)),
      committed: committed(Math.max(0, replyRead)),
      printed: begun(/\bwritev?\(1</),
    };
  });
}

/** A system call, and the lines of the trace on which it began and ended: two, where another thread spoke between. */
interface Call {
  readonly text: string;
  readonly begun: number;
  readonly done: number;
}

/** @returns in the order in which they ended; a call that never did isn't there */
function callsIn(trace: string): Call[] {
  const open = new Map<string, { text: string; begun: number }>();
  return trace.split("\n").flatMap((line, i) => {
    const [, thread = "", rest = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const unfinished = /^(.*?) *<unfinished \.\.\.>$/.exec(rest);
    if (unfinished !== null) {
      open.set(thread, { text: unfinished[1] ?? "", begun: i });
      return [];
    }
    const resumed = /^<\.\.\. \w+ resumed> *(.*)$/.exec(rest);
    const start = resumed === null ? undefined : open.get(thread);
    if (start === undefined) return [{ text: rest, begun: i, done: i }];
    return [{ text: `${start.text}${resumed?.[1]}`, begun: start.begun, done: i }];
  });
}

async function noteFirst(mutant?: Mutant): Promise<void> {
  const { replyFileSynced, noteSynced, connected, sent } = await traced(mutant);
  expect(connected).toBeGreaterThan(0);
  expect(replyFileSynced).toBeWithin(0, connected);
  expect({ "the note is synced before the connection": noteSynced >= 0 && noteSynced < connected }).toEqual({
    "the note is synced before the connection": true,
  });
  expect(sent).toBeGreaterThan(connected);
}

async function storedBeforeSeen(mutant?: Mutant): Promise<void> {
  const { replyRead, replyKept, committed, printed } = await traced(mutant);
  expect(replyRead).toBeGreaterThan(0);
  expect({ "the reply is synced before its token is printed": replyKept < printed }).toEqual({
    "the reply is synced before its token is printed": true,
  });
  expect([replyRead, replyKept, committed, printed]).toEqual(
    [replyRead, replyKept, committed, printed].sort((a, b) => a - b),
  );
}

describe.skipIf(lacking("linux", "strace"))("a power cut", () => {
  test("finds the note, and room for the reply, on the disk before anything is sent", () => noteFirst());

  test("finds the reply, then the record, on the disk before the first byte on stdout", () => storedBeforeSeen());

  test("the proof fails without what it proves: note-off", () =>
    mustFail(() => noteFirst("note-off"), /the note is synced/));

  test("the proof fails without what it proves: print-before-commit", () =>
    mustFail(() => storedBeforeSeen("print-before-commit"), /the reply is synced/));

  test.skipIf(lacking("redis-server"))("finds which shared vault it is that this home has joined", async () => {
    const server = await BACKENDS.Redis.start();
    try {
      const [maker, home] = [tempFolder(), tempFolder()];
      const file = join(home, "trace");
      const shared = { AUTH_STORE: server.address("power"), AUTH_KEY: KEY };
      const made = await run([AUTH, "vault", "init"], { env: bareEnvironment({ ...shared, AUTH_HOME: maker }) });
      expect(made.code).toBe(0);
      const env = bareEnvironment({ ...shared, AUTH_HOME: home });
      const under = ["strace", "-f", "-y", "-o", file, "-e", "trace=write,pwrite64,fsync,fdatasync,/^rename"];
      expect((await run([...under, AUTH, "list"], { env })).code).toBe(0);
      const calls = callsIn(readFileSync(file, "utf8")).map(({ text }) => text.replaceAll(home, ""));
      const steps = [
        /^p?write.*<\/shared\/\w+\/vault\.json\.\w+\.new>/,
        /^f(data)?sync.*<\/shared\/\w+\/vault\.json\.\w+\.new>\) += 0/,
        /^rename.*vault\.json\.\w+\.new.*vault\.json".* = 0/,
        /^fsync.*<\/shared\/\w+>\) += 0/,
      ].map((step) => calls.findIndex((call) => step.test(call)));
      expect([Math.min(...steps) >= 0, steps]).toEqual([true, steps.toSorted((a, b) => a - b)]);
    } finally {
      await server.stop();
    }
  });
});
