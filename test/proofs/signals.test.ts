/** A signal between the moment a refresh token is sent and the moment its reply is committed waits (DESIGN.md §6, step 4). */
import { describe, expect, test } from "bun:test";
import { constants } from "node:os";
import { inParallel, LOGIN, withProofHome } from "./proof-home.ts";

const STEPS = ["note", "reply-read", "kept", "commit"] as const;

/** What can't be caught; what stops the process; what says that it has crashed; what the C library keeps for itself. */
const OTHERS = new Set([
  ...["SIGKILL", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU"].map(numberOf),
  ...["SIGILL", "SIGTRAP", "SIGBUS", "SIGFPE", "SIGSEGV", "SIGSYS"].map(numberOf),
  ...[32, 33],
]);
/** Ignored by default, by Bun, or (those that Bun doesn't know) until the reply is committed. */
const IGNORED = new Set([
  ...["SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH", "SIGPIPE", "SIGXFSZ", "SIGPWR", "SIGSTKFLT"].map(numberOf),
  ...Array.from({ length: 31 }, (_, i) => 34 + i),
]);
const ALL = Array.from({ length: 64 }, (_, i) => i + 1).filter((signal) => !OTHERS.has(signal));

function numberOf(name: string): number {
  return constants.signals[name as NodeJS.Signals];
}

async function signalled(step: string, signal: number): Promise<void> {
  await withProofHome(async (home) => {
    const { issuer } = home;
    const ended = await home.run(["token", LOGIN], { fault: `${step}:SIG${signal}` });
    const { access, refresh } = issuer.chain.newest();
    const ignored = IGNORED.has(signal);
    expect({ sent: signal, ...ended }).toMatchObject({
      sent: signal,
      code: ignored ? 0 : 128 + signal,
      signal: null,
      stdout: ignored ? `${access}\n` : "",
    });
    expect(await home.tokens()).toEqual({ access, refresh });
    expect((await home.run(["token", LOGIN])).stdout).toBe(`${access}\n`);
    expect(issuer.requests).toHaveLength(1);
  });
}

describe.skipIf(process.platform !== "linux")("a refresh that a signal interrupts loses nothing", () => {
  for (const step of STEPS)
    test(`${step}: any of ${ALL.length} signals`, async () => {
      await inParallel(3, ALL, (signal) => signalled(step, signal));
    }, 120_000);
});
