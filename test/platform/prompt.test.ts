import { beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compile, onTerminal, run, tempFolder } from "../support/program.ts";

const folder = tempFolder();
let probe = "";
beforeAll(async () => {
  probe = await compile("test/support/prompt-probe.ts");
}, 60_000);

/** On a terminal, with standard output in a file: what is drawn can only have gone to stderr. */
function asking(question: string, answers: string): string[] {
  return ["sh", "-c", `exec ${probe} ${question} > ${join(folder, answers)}`];
}

function answerIn(answers: string): string {
  return readFileSync(join(folder, answers), "utf8");
}

test("a secret isn't echoed, and what was pasted arrives whole", async () => {
  const secret = `sk-${"0123456789".repeat(900)}`;
  const terminal = onTerminal(asking("secret", "paste"));
  await terminal.waitFor("Token: ");
  terminal.type(`\x1b[200~${secret}\x1b[201~`);
  terminal.type("\r");
  expect((await terminal.ended).code).toBe(0);
  expect(answerIn("paste")).toBe(`answer: "${secret}"\n`);
  expect(terminal.screen()).not.toContain("0123");
  expect(terminal.screen()).not.toContain("*");
});

test("what was pasted behind the secret does not reach the shell", async () => {
  const terminal = onTerminal(["bash", "-c", `${probe} secret; read -t 0.3 rest || true; echo "left: [$rest]"`]);
  await terminal.waitFor("Token: ");
  terminal.type("sk-1\rrm -rf everything\r");
  await terminal.waitFor("left: ");
  expect(terminal.screen()).toContain("left: []");
  await terminal.ended;
});

test("a paste of several lines is refused, with the reason", async () => {
  const terminal = onTerminal(asking("secret", "lines"));
  await terminal.waitFor("Token: ");
  terminal.type("\x1b[200~one\rtwo\x1b[201~");
  expect((await terminal.ended).code).toBe(64);
  expect(terminal.screen()).toContain("usage: That has several lines.");
});

test("Ctrl-C at a secret exits with 130 and leaves the terminal as it was", async () => {
  const terminal = onTerminal(["sh", "-c", `${probe} secret; echo "code $?"; stty -a`]);
  await terminal.waitFor("Token: ");
  terminal.type("abc\x03");
  await terminal.ended;
  expect(terminal.screen()).toContain("code 130");
  expect(terminal.screen()).toMatch(/[^-]icanon/);
  expect(terminal.screen()).toMatch(/[^-]echo\b/);
  expect(terminal.screen()).toMatch(/[^-]isig/);
});

test("a signal that ends the prompt leaves the terminal as it was", async () => {
  const pid = join(folder, "pid");
  const terminal = onTerminal(["sh", "-c", `sh -c 'echo $$ > ${pid}; exec ${probe} secret'; echo "code $?"; stty -a`]);
  await terminal.waitFor("Token: ");
  process.kill(Number(readFileSync(pid, "utf8")), "SIGTERM");
  await terminal.ended;
  expect(terminal.screen()).toContain("code 143");
  expect(terminal.screen()).toMatch(/[^-]icanon/);
  expect(terminal.screen()).toMatch(/[^-]echo\b/);
});

test("where standard input is a pipe, the secret is asked for on the terminal itself", async () => {
  const terminal = onTerminal(["sh", "-c", `echo piped | ${probe} secret > ${join(folder, "tty")}`]);
  await terminal.waitFor("Token: ");
  terminal.type("from-tty\r");
  expect((await terminal.ended).code).toBe(0);
  expect(answerIn("tty")).toBe('answer: "from-tty"\n');
  expect(terminal.screen()).not.toContain("from-tty");
});

test("without any terminal there are words", async () => {
  const { code, stderr } = await run(["setsid", probe, "secret"]);
  expect(code).toBe(64);
  expect(stderr).toBe("usage: There is no terminal to ask on.\n");
});

test("a line of text is echoed, edited, and may be left to the default", async () => {
  const terminal = onTerminal(asking("text", "text"));
  await terminal.waitFor("Name [default]");
  terminal.type("worm\x7fk\r");
  expect((await terminal.ended).code).toBe(0);
  expect(answerIn("text")).toBe('answer: "work"\n');
  expect(terminal.screen()).toContain("work");
  const empty = onTerminal(asking("text", "empty"));
  await empty.waitFor("Name [default]");
  empty.type("\r");
  await empty.ended;
  expect(answerIn("empty")).toBe('answer: "default"\n');
});

test("yes or no, and a choice, are asked on stderr", async () => {
  const yes = onTerminal(asking("confirm", "yes"));
  await yes.waitFor("Really?");
  yes.type("y");
  expect((await yes.ended).code).toBe(0);
  expect(answerIn("yes")).toBe("answer: true\n");
  const two = onTerminal(asking("choose", "two"));
  await two.waitFor("Two");
  two.type("\x1b[B");
  two.type("\r");
  expect((await two.ended).code).toBe(0);
  expect(answerIn("two")).toBe('answer: "2"\n');
});

test("Ctrl-C at a question is no answer: 130, and nothing on standard output", async () => {
  for (const [question, words] of [
    ["confirm", "Really?"],
    ["choose", "Which?"],
    ["text", "Name"],
  ] as const) {
    const terminal = onTerminal(asking(question, "cancelled"));
    await terminal.waitFor(words);
    terminal.type("\x03");
    expect((await terminal.ended).code).toBe(130);
    expect(answerIn("cancelled")).toBe("");
  }
});

test("a secret piped in loses its newline and nothing else", async () => {
  expect((await run([probe, "stdin"], { stdin: "sk-a b\r\n" })).stdout).toBe('answer: "sk-a b"\n');
  expect((await run([probe, "stdin"], { stdin: "sk-ab" })).stdout).toBe('answer: "sk-ab"\n');
  const long = "x".repeat(60_000);
  expect((await run([probe, "stdin"], { stdin: long })).stdout).toBe(`answer: "${long}"\n`);
});

test("what can't be a secret is refused on standard input, each with its reason", async () => {
  const cases: [string | Uint8Array, string][] = [
    ["", "There is no token"],
    ["\n\n", "There is no token"],
    ["one\ntwo\n", "several lines"],
    ["a\0b", "NUL"],
    [new Uint8Array([0xff, 0xfe, 0x41]), "UTF-8"],
    ["x".repeat(1_000_000), "longer than 64 KiB"],
    ["\0".repeat(1_000_000), "longer than 64 KiB"],
  ];
  for (const [stdin, words] of cases) {
    const { code, stdout, stderr } = await run([probe, "stdin"], { stdin });
    expect(stderr).toContain(words);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(code).toBe(64);
    expect(stdout).toBe("");
  }
});
