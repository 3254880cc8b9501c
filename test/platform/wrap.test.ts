import { describe, expect, test } from "bun:test";
import { columns } from "../../src/cli/columns.ts";
import { wrapMessage } from "../../src/platform/wrap.ts";
import { AUTH, auth, bareEnvironment, onTerminal } from "../support/program.ts";

test("prose is broken at spaces; a command or an address stays whole, to be copied", () => {
  const prose = "The provider could not be reached, and the login is kept as it was before.";
  const command = "Log in again: auth login github:work --scope repo,read:org,gist --force";
  expect(wrapMessage(`${prose}\n${command}`, 40)).toBe(
    `The provider could not be reached, and\nthe login is kept as it was before.\n${command}`,
  );
});

test("a table that is wider than the terminal becomes one block a row", () => {
  const rows = [
    ["CONNECTION", "STATUS", "EXPIRES"],
    ["github:work", "connected", "in 5 hours"],
    ["sentry", "invalid", ""],
  ];
  expect(columns(rows, 60)).toHaveLength(3);
  expect(columns(rows, 20)).toEqual([
    "CONNECTION  github:work",
    "STATUS      connected",
    "EXPIRES     in 5 hours",
    "",
    "CONNECTION  sentry",
    "STATUS      invalid",
  ]);
});

test("errors and tables fit a terminal of 60 columns, and into a pipe no line is broken", async () => {
  const env = bareEnvironment();
  const name = "a-name-that-is-long-but-fits-a-block";
  await auth(["login", `apikey:${name}`, "--token", "-", "-q"], { env, stdin: "key" });
  const list = onTerminal([AUTH, "list", "--no-color"], { env, columns: 60 });
  await list.ended;
  for (const line of list.screen().split(/\r?\n/)) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(60);
  const error = onTerminal([AUTH, "vault", "rekey", "--no-color"], { env, columns: 60 });
  await error.ended;
  for (const line of error.screen().split(/\r?\n/))
    if (!line.includes("auth ")) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(60);
  expect((await auth(["list"], { env })).stdout.split("\n")[1]).toContain(`apikey:${name}`);
});

test("-v adds no trace to an ordinary error", async () => {
  const { code, stderr } = await auth(["token", "nosuch", "-v"]);
  expect(code).toBe(2);
  expect(stderr).not.toMatch(/^ +at /m);
});

test("what is indented or numbered stays so, and only the command at a line's end is kept whole", () => {
  const note = "   Any free name and any homepage will do. Tick 'Enable Device Flow'; leave the others.";
  for (const line of wrapMessage(note, 60).split("\n")) expect(line).toMatch(/^ {3}\S.{0,56}$/);
  const made =
    "Made a vault; its key is in the file /home/me/.auth/key. Another place for it: auth vault rekey --key passphrase";
  expect(wrapMessage(made, 60)).toBe(
    "Made a vault; its key is in the file /home/me/.auth/key.\nAnother place for it: auth vault rekey --key passphrase",
  );
  expect(wrapMessage("1. A token, made at https://ghe.example.com/settings/tokens/new?scopes=repo", 60)).toBe(
    "1. A token, made at\n   https://ghe.example.com/settings/tokens/new?scopes=repo",
  );
  const coloured = `  \x1b[38;5;16;48;5;231m${"█ ".repeat(25)}\x1b[39;49m`;
  expect(wrapMessage(coloured, 60)).toBe(coloured);
});

describe.each([60, 80])("on a terminal of %d columns no line is broken in the middle of a word", (width) => {
  /** Lines but for those with a command or an address alone, which stay whole. */
  const tooWide = (screen: string): string[] =>
    Bun.stripANSI(screen)
      .split(/\r*\n|\r/)
      .filter((line) => Bun.stringWidth(line) > width && !/auth [a-z]|^ *\S+$/.test(line));

  test("a vault that is made, what a provider's client needs, a question", async () => {
    const env = bareEnvironment();
    const made = onTerminal([AUTH, "login", "github:a-name-that-is-rather-long", "--token", "-", "--no-verify"], {
      env,
      columns: width,
    });
    await made.waitFor("Token: ");
    made.type("a-token\r");
    await made.ended;
    expect(made.screen()).toContain("Made a vault");
    expect(tooWide(made.screen())).toEqual([]);
    const client = onTerminal([AUTH, "login", "slack"], { env, columns: width });
    await client.waitFor("redirect URL");
    client.type("\x03");
    await client.ended;
    const asked = onTerminal([AUTH, "login", "google", "--flow", "exchange"], { env, columns: width });
    await asked.waitFor("projects/");
    asked.type("\x03");
    await asked.ended;
    const github = onTerminal([AUTH, "login", "github", "--host", "ghe.example.com"], { env, columns: width });
    await github.waitFor("how do you log in?");
    github.type("\x1b[B\r");
    await github.waitFor("Client id");
    github.type("\x03");
    await github.ended;
    for (const one of [client, asked, github]) expect(tooWide(one.screen())).toEqual([]);
  }, 60_000);
});
