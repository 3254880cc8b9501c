/** A value is taken as the programs that read the file read it, or not at all. */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { parse } from "dotenv";
import { lookAt } from "../../src/import/look.ts";
import type { Found, ImportSource } from "../../src/import/source.ts";
import { az } from "../../src/import/sources/az.ts";
import { claudeCode } from "../../src/import/sources/claude-code.ts";
import { dotenv } from "../../src/import/sources/dotenv.ts";
import { gh } from "../../src/import/sources/gh.ts";
import { netrc } from "../../src/import/sources/netrc.ts";
import { npmrc } from "../../src/import/sources/npmrc.ts";
import { sentryCli } from "../../src/import/sources/sentry-cli.ts";
import { lacking } from "../support/needs.ts";
import { run, tempFolder } from "../support/program.ts";
import { msalCache } from "./fixtures.ts";

async function foundIn(source: ImportSource, text: string): Promise<readonly Found[]> {
  const file = join(tempFolder(), "file");
  writeFileSync(file, text, { mode: 0o600 });
  const where = { env: {}, platform: process.platform, home: null, folder: "/", now: 1_795_746_122_000, file };
  const { found, refused } = await lookAt(source, where);
  for (const { error } of refused) throw error;
  return found;
}

const values = (found: readonly Found[]): (string | null)[] =>
  found.map(({ credential }) => credential?.accessToken?.reveal() ?? null);

/** The text after this was taken out of it. */
function taken(one: Found | undefined, text: string): string | null {
  if (one?.removal?.from !== "text") throw new Error("it can't be taken out");
  return one.removal.edit(text);
}

for (const [written, value] of [
  ["plain-1", "plain-1"],
  ["plain-1 # a comment", "plain-1"],
  ["'single # 1' # a comment", "single # 1"],
  ['"double # 1"', "double # 1"],
  ["base64+/_-==", "base64+/_-=="],
  ["p@ss#1", null],
  ["p@ss;1", null],
  ["two words", null],
  ["back\\slash", null],
  ["'back\\slash'", null],
  ['"new\\nline"', null],
  ["it's", null],
  ["'unended", null],
  ['"one" two', null],
  ['"one"#1', null],
  ["'two\nlines'", null],
] as const)
  test(`.env: ${JSON.stringify(written)} is ${value === null ? "left, with the reason" : "taken as all programs read it"}`, async () => {
    const text = `A_TOKEN=${written}\n`;
    const found = await foundIn(dotenv, text);
    expect(values(found)).toEqual([value]);
    if (value === null) expect(found[0]?.stays).toContain("programs differ in how they read its value");
    else {
      expect(parse(text).A_TOKEN).toBe(value);
      expect(parseEnv(text).A_TOKEN).toBe(value);
      const { stdout } = await run(["sh", "-c", `${text}printf %s "$A_TOKEN"`]);
      expect(stdout).toBe(value);
    }
  });

test.each([
  ["STRIPE_KEY=sk_live_1", "it isn't certainly a token or an API key by itself"],
  ["SESSION_SECRET=abc", "it isn't certainly a token or an API key by itself"],
  ["DB_PASSWORD='a b'", "it isn't certainly a token or an API key by itself"],
  ["DATABASE_URL=postgres://app:secret@db.example/app", "it isn't certainly a token or an API key by itself"],
  ["A_TOKEN=op://vault/item/field", "it says where the value is, and holds none"],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the file's
  ["A_TOKEN=${OTHER}", "it says where the value is, and holds none"],
])(".env: %s is left, with the reason", async (line, reason) => {
  const found = await foundIn(dotenv, `${line}\n`);
  expect(found.map(({ credential, stays }) => [credential, stays])).toEqual([[null, reason]]);
});

test(".env: what is no secret isn't listed", async () => {
  const lines = ["PORT=1", "STRIPE_PUBLIC_KEY=pk_1", "DB_PASSWORD=changeme", "A_TOKEN=", "URL=https://a.example"];
  expect(await foundIn(dotenv, lines.join("\n"))).toEqual([]);
});

test(".npmrc: a token that a variable holds is left, with the reason", async () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: npm's own
  const [one] = await foundIn(npmrc, "//npm.example/:_authToken=${CORP}\n");
  expect([one?.credential, one?.stays]).toEqual([null, "it says where the value is, and holds none"]);
});

test(".env: a line within a value in quotes is no token", async () => {
  const text = 'NOTE="of old\nOLD_TOKEN=not-one\n"\nNEW_TOKEN=one\n';
  const found = await foundIn(dotenv, text);
  expect(values(found)).toEqual(["one"]);
  expect(taken(found[0], text)).toBe('NOTE="of old\nOLD_TOKEN=not-one\n"\n');
});

test(".env: what is set twice alike goes as one; set to two values, it stays", async () => {
  const twice = "A_TOKEN=one\nPORT=1\nexport A_TOKEN=one\n";
  const found = await foundIn(dotenv, twice);
  expect(values(found)).toEqual(["one"]);
  expect(taken(found[0], twice)).toBe("PORT=1\n");
  const [other] = await foundIn(dotenv, "A_TOKEN=one\nA_TOKEN=two\n");
  expect([other?.credential, other?.stays]).toEqual([null, "it is set more than once: leave one in the file"]);
  // It was set a second time meanwhile: not what was read.
  expect(taken(found[0], `${twice}A_TOKEN=two\n`)).toBe(`${twice}A_TOKEN=two\n`);
});

test(".npmrc: a value ends where npm ends it, and of two the last one counts", async () => {
  const text = [
    "//a.example/:_authToken=xyz ; a comment",
    "//b.example/:_authToken=abc#def",
    '//c.example/:_authToken="a;b#c"',
    "//d.example/:_authToken=a\\;b",
    "  //e.example/:_authToken = old",
    "//e.example/:_authToken=new\r",
    "fund=false",
    "[section]",
    "//f.example/:_authToken=of-a-section",
    "",
  ].join("\n");
  const found = await foundIn(npmrc, text);
  expect(values(found)).toEqual(["xyz", "abc", "a;b#c", "a;b", "new"]);
  const left = found.reduce((now, one) => taken(one, now) ?? "", text);
  expect(left).toBe("fund=false\n[section]\n//f.example/:_authToken=of-a-section\n");
  expect(taken(found[4], `${text}\n//e.example/:_authToken=newer`)).not.toContain("//e.example/:_authToken=newer\n");
});

test.skipIf(lacking("npm"))(".npmrc: the values that are read are the real npm's", async () => {
  const home = tempFolder();
  const written = ["xyz ; a comment", "abc#def", '"a;b#c"', "a\\;b", "'quoted'", "in the middle"];
  const lines = (name: (i: number) => string): string => written.map((one, i) => `${name(i)}=${one}\n`).join("");
  writeFileSync(
    join(home, ".npmrc"),
    lines((i) => `key${i}`),
  );
  const { stdout } = await run(["npm", "config", "get", ...written.map((_, i) => `key${i}`)], {
    env: { HOME: home },
    cwd: home,
  });
  const read = stdout.trim().split("\n");
  expect(read.length).toBe(written.length);
  expect(
    values(
      await foundIn(
        npmrc,
        lines((i) => `//${i}.example/:_authToken`),
      ),
    ).map((one, i) => `key${i}=${one}`),
  ).toEqual(read);
});

test(".netrc: two machines that say the same are one; escapes are curl's", async () => {
  const text = 'machine a.example login x password "tab\\tend"\nmachine b.example login y password z\n';
  const twice = `${text}machine a.example login x password "tab\\tend"\n`;
  const found = await foundIn(netrc, twice);
  expect(values(found)).toEqual(["tab\tend", "z"]);
  expect(taken(found[0], twice)).toBe("machine b.example login y password z\n");
});

test(".sentryclirc: a token with a comment or an escape in it is refused", async () => {
  expect(values(await foundIn(sentryCli, '[auth]\ntoken="sntrys_a+b/c=_d"\n'))).toEqual(["sntrys_a+b/c=_d"]);
  for (const token of ["sntryu_1 ; comment", "sntryu_1\\x41"])
    expect(foundIn(sentryCli, `[auth]\ntoken=${token}\n`)).rejects.toThrow("characters that no token has");
});

test("a token that begins as another does is taken out alone", async () => {
  const users = ["gho_one", "gho_one-more", '"gho_quoted" # a comment'].map(
    (token, i) => `    u${i}:\n      oauth_token: ${token}\n`,
  );
  const hosts = `github.com:\n  users:\n${users.join("")}`;
  const found = await foundIn(gh, hosts);
  expect(values(found)).toEqual(["gho_one", "gho_one-more", "gho_quoted"]);
  for (const [i, one] of found.entries()) {
    const left = await foundIn(gh, taken(one, hosts) ?? "");
    expect(
      values(left)
        .filter((token) => token !== null)
        .join(),
    ).toBe(
      values(found)
        .filter((_, at) => at !== i)
        .join(),
    );
  }
  const [token] = await foundIn(sentryCli, "[auth]\ntoken=sntryu_1\n");
  expect(taken(token, "[auth]\ntoken = sntryu_1\r\n[a]\ntoken=sntryu_12\n")).toBe("[auth]\n[a]\ntoken=sntryu_12\n");
});

test("a file that lost a part meanwhile is said to have changed, whatever is missing", async () => {
  const tokens = { access: "a", refresh: "r", expiresOn: 4_000_000_000 };
  const [login] = await foundIn(az, msalCache(tokens));
  const json = JSON.parse(msalCache(tokens));
  const parts = ["AccessToken", "RefreshToken", "Account"];
  for (const part of parts)
    for (const value of [undefined, null, []]) {
      const now = JSON.stringify({ ...json, [part]: value });
      const left = taken(login, now);
      if (part === "RefreshToken") expect(left).toBe(now);
      else expect(JSON.parse(left ?? "").RefreshToken).toEqual({});
    }
  const entry = { serverUrl: "https://s.example", clientId: "c", accessToken: "a", refreshToken: "r" };
  const [server] = await foundIn(claudeCode, JSON.stringify({ mcpOAuth: { "s|1": entry } }));
  for (const now of ["{}", '{"mcpOAuth":null}', '{"mcpOAuth":[]}', '{"mcpOAuth":{"s|1":null}}', "[]", ""])
    expect(taken(server, now)).toBe(now);
});
