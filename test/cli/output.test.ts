import { beforeAll, expect, test } from "bun:test";
import { compile, onTerminal, run } from "../support/program.ts";

let probe = "";
beforeAll(async () => {
  probe = await compile("test/support/output-probe.ts");
}, 60_000);

test("data goes to stdout, everything for people to stderr, in order", async () => {
  const { stdout, stderr } = await run([probe]);
  expect(stdout).toBe("data\n");
  expect(stderr).toBe("said\n✓ succeeded\nnoticed\nWarning: warned\n");
});

test("-q leaves warnings, errors, and what a person must see to go on", async () => {
  expect((await run([probe, '{"quiet":true}'])).stderr).toBe("noticed\nWarning: warned\n");
  expect((await run([probe, '{"quiet":true}', "fail"])).stderr).toBe(
    "noticed\nWarning: warned\nError: It is busy.\nTry again.\n",
  );
});

test("-v shows each step, and no secret", async () => {
  const { stderr } = await run([probe, '{"verbose":true}']);
  expect(stderr).toContain("debugged with [redacted]\n");
  expect(stderr).not.toContain("sk-known");
});

test.each(["{}", '{"output":"json"}'])("no message shows a secret that is held: %s", async (globals) => {
  const { stderr } = await run([probe, globals, "leak"]);
  expect(stderr).toContain(globals === "{}" ? "said [redacted]\n" : "warned [redacted]");
  expect(stderr).not.toContain("sk-known");
});

test("a trace is shown of an unexpected error alone, and with -v only", async () => {
  expect((await run([probe, "{}", "crash"])).stderr).not.toMatch(/^\s+at /m);
  expect((await run([probe, '{"verbose":true}', "crash"])).stderr).toMatch(/^\s+at /m);
  expect((await run([probe, '{"verbose":true}', "fail"])).stderr).not.toMatch(/^\s+at /m);
});

test("with JSON, an error is the one line on stderr, with what was said before it", async () => {
  const { code, stdout, stderr } = await run([probe, '{"output":"json"}', "fail"]);
  expect(JSON.parse(stderr)).toEqual({
    error: {
      code: "busy",
      message: "It is busy.",
      hint: "Try again.",
      messages: ["noticed", "warned"],
      exitCode: 5,
      connection: null,
    },
  });
  expect(stderr.split("\n")).toHaveLength(2);
  expect(stdout).toBe('{"event":"one"}\ndata\n');
  expect(code).toBe(5);
});

test("with JSON, warnings are not lost: each is a line once it is known that all went well", async () => {
  expect((await run([probe, '{"output":"json"}'])).stderr).toBe('{"warning":{"message":"warned"}}\n');
});

test("a full disk is an error, never a token lost in silence", async () => {
  const { code, stderr } = await run(["sh", "-c", `${probe} > /dev/full`]);
  expect(code).toBe(5);
  expect(stderr).toContain("Error: Standard output can't be written: no space left on the device.");
});

test("a closed pipe is no error", async () => {
  const { stdout, stderr } = await run(["bash", "-c", `(sleep 0.2; ${probe}) | true; echo "\${PIPESTATUS[0]}"`]);
  expect(stdout).toBe("0\n");
  expect(stderr).not.toContain("Error");
  expect((await run(["sh", "-c", `${probe} >&-`])).code).toBe(0);
});

test("a full or closed stderr does not keep the data back", async () => {
  expect((await run(["sh", "-c", `${probe} 2> /dev/full`])).stdout).toBe("data\n");
  expect((await run(["sh", "-c", `${probe} 2>&-`])).stdout).toBe("data\n");
});

test("colour is for terminals: not in a pipe, with --no-color, NO_COLOR or TERM=dumb", async () => {
  const drawn = async (globals: string, env: Record<string, string>): Promise<string> => {
    const terminal = onTerminal([probe, globals], { env });
    await terminal.ended;
    return terminal.screen();
  };
  expect(await drawn("{}", {})).toContain("\x1b[33mWarning:\x1b[39m warned");
  expect(await drawn('{"color":false}', {})).not.toContain("\x1b");
  expect(await drawn("{}", { NO_COLOR: "1" })).not.toContain("\x1b");
  expect(await drawn("{}", { TERM: "dumb" })).not.toContain("\x1b");
  expect((await run([probe])).stderr).not.toContain("\x1b");
});

test("the caller's pipe is left blocking", async () => {
  const script = `(${probe}; head -c 3000000 /dev/zero) 2>/dev/null | (sleep 0.2; wc -c)`;
  expect((await run(["bash", "-c", script])).stdout.trim()).toBe("3000005");
});
