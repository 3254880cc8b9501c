import { expect, test } from "bun:test";
import { run } from "../support/program.ts";

const PROBE = `
import { deferSignals, exitOnInterrupt } from "./src/platform/signals.ts";
exitOnInterrupt();
const outer = deferSignals();
const inner = deferSignals();
console.log("sent");
await Bun.sleep(150);
inner.release();
console.log("still held");
await Bun.sleep(50);
console.log("committed");
outer.release();
console.log("after");
await Bun.sleep(5000);
`;

/** Starts the probe and sends it the signal while it holds signals back. */
async function interrupted(signal: NodeJS.Signals): Promise<{ code: number | null; stdout: string }> {
  const child = Bun.spawn([process.execPath, "-e", PROBE], { stdout: "pipe", cwd: `${import.meta.dir}/../..` });
  let stdout = "";
  let sent = false;
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    stdout += chunk;
    if (!sent && stdout.includes("sent")) {
      sent = true;
      child.kill(signal);
    }
  }
  await child.exited;
  return { code: child.exitCode, stdout };
}

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)
  test(`${signal} waits until the last holder lets go, then ends the process with ${code}`, async () => {
    expect(await interrupted(signal)).toEqual({ code, stdout: "sent\nstill held\ncommitted\n" });
  });

test("without a signal nothing ends", async () => {
  const script = `
    import { deferSignals } from "./src/platform/signals.ts";
    deferSignals().release();
    console.log("went on");
  `;
  const { code, stdout } = await run([process.execPath, "-e", script], { cwd: `${import.meta.dir}/../..` });
  expect({ code, stdout }).toEqual({ code: 0, stdout: "went on\n" });
});
