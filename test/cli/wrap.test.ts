import { expect, test } from "bun:test";
import { columns } from "../../src/cli/columns.ts";
import { wrapMessage } from "../../src/cli/wrap.ts";
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
