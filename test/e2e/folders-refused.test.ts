/** `.auth.toml` (RULES.md §5): what is never obeyed, whatever was allowed before. */
import { describe, expect, test } from "bun:test";
import { appendFileSync, chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorOf } from "../support/logged-in.ts";
import { lacking } from "../support/needs.ts";
import { type Project, ProjectHome, tokenOf, WORK } from "../support/project.ts";

const home = await ProjectHome.make();

describe("a file that was changed since", () => {
  const CHANGED = 'connections = ["github:home"]\n# \u001b[31mred\n';

  test("is refused, with what changed and the command that allows it; nothing is printed or run", async () => {
    const at = await home.allowed(WORK);
    writeFileSync(at.file, CHANGED);
    const refused = await at.call(["token", "github", "--json"]);
    expect([refused.code, refused.stdout]).toEqual([9, ""]);
    expect(errorOf(refused)).toEqual({
      code: "file_untrusted",
      message: `${at.file} was changed since it was allowed, so it isn't used.`,
      hint: [
        '  - connections = ["github:work"]',
        '  + connections = ["github:home"]',
        "  + # \\x1b[31mred",
        `If that is right: auth allow ${at.file}`,
        `To do without it: auth deny ${at.file}`,
      ].join("\n"),
      exitCode: 9,
      connection: null,
    });
    const ran = await at.call(["run", "--json", "--", "echo", "ran"]);
    expect([ran.code, ran.stdout, errorOf(ran).code]).toEqual([125, "", "file_untrusted"]);
    for (const args of [["export"], ["token"], ["get", "github"], ["refresh", "github"], ["status", "github"]])
      expect((await at.call(args)).code).toBe(9);
    expect(await at.token(["github:work"])).toBe(tokenOf("github:work"));
  });

  test("allow shows what changed, and it decides again", async () => {
    const at = await home.allowed(WORK);
    writeFileSync(at.file, 'connections = ["github:home"]\n');
    expect((await at.call(["allow"])).stderr).toBe(
      `What changed:\n  - connections = ["github:work"]\n  + connections = ["github:home"]\n✓ Allowed ${at.file}: github:home.\n`,
    );
    expect(await at.token(["github"])).toBe(tokenOf("github:home"));
  });

  test("status, list and doctor say so", async () => {
    const at = await home.allowed(WORK);
    writeFileSync(at.file, CHANGED);
    for (const command of ["status", "list"]) {
      const { code, stderr } = await at.call([command]);
      expect([code, stderr]).toEqual([0, expect.stringContaining("was changed since it was allowed")]);
    }
    const { code, stdout } = await at.call(["doctor", "--offline"]);
    expect([code, stdout]).toEqual([1, expect.stringContaining(`✗ folder: ${at.file} was changed`)]);
  });

  test("a change of one byte counts, of its end too; the old text again is allowed as it was", async () => {
    const at = await home.allowed(WORK);
    for (const text of [`${WORK} `, WORK.trimEnd(), `${WORK}\0`, WORK.replace("\n", "\r\n")]) {
      writeFileSync(at.file, text);
      expect(await at.token(["github"])).toStartWith("exit 9");
    }
    writeFileSync(at.file, WORK);
    expect(await at.token(["github"])).toBe(tokenOf("github:work"));
  });

  test("the same text in another folder was not allowed", async () => {
    await home.allowed(WORK);
    expect(await home.project(WORK).token(["github"])).toBe(tokenOf("github:home"));
  });
});

describe("what is never obeyed", () => {
  /** Spoils a file, before or after it was allowed. */
  const SPOILED: Readonly<Record<string, readonly [spoil: (at: Project) => void, words: string]>> = {
    "a symbolic link": [
      ({ file, folder }) => {
        rmSync(file);
        writeFileSync(join(folder, "other"), WORK);
        symlinkSync("other", file);
      },
      "it is a symbolic link",
    ],
    "a link to nothing": [
      ({ file }) => {
        rmSync(file);
        symlinkSync("nothing", file);
      },
      "it is a symbolic link",
    ],
    "a hard link": [
      ({ file, folder }) => void Bun.spawnSync(["ln", file, join(folder, "other")]),
      "it has a second name (a hard link)",
    ],
    "a folder": [
      ({ file }) => {
        rmSync(file);
        mkdirSync(file);
      },
      "it isn't a file",
    ],
    "a pipe, which nobody writes to": [
      ({ file }) => {
        rmSync(file);
        Bun.spawnSync(["mkfifo", file]);
      },
      "it isn't a file",
    ],
    "one that every user can write": [({ file }) => chmodSync(file, 0o666), "every user can write it"],
    "one in a folder that every user can write to": [
      ({ folder }) => chmodSync(folder, 0o777),
      "every user can write to its folder",
    ],
    "one in a folder such as /tmp": [({ folder }) => chmodSync(folder, 0o1777), "every user can write to its folder"],
    "one of 100 MB": [({ file }) => appendFileSync(file, Buffer.alloc(100 << 20, "#")), "it is larger than 16 KiB"],
    "one that isn't text": [({ file }) => appendFileSync(file, Buffer.from([0xff, 0xfe])), "it isn't text in UTF-8"],
    "one with a NUL": [({ file }) => appendFileSync(file, "\0"), "it isn't text in UTF-8"],
  };

  for (const [what, [spoil, words]] of Object.entries(SPOILED)) {
    test(`${what}: it can't be allowed`, async () => {
      const at = home.project(WORK);
      spoil(at);
      const ended = await at.call(["allow", "--json"]);
      expect(ended.code).toBe(9);
      expect(errorOf(ended)).toMatchObject({
        code: "file_untrusted",
        message: `${at.file} can't be allowed: ${words}.`,
      });
      expect(await at.token(["github"])).toBe(tokenOf("github:home"));
    });

    test(`${what}, after it was allowed: refused`, async () => {
      const at = await home.allowed(WORK);
      spoil(at);
      const ended = await at.call(["token", "github", "--json"]);
      expect([ended.code, ended.stdout, errorOf(ended).code]).toEqual([9, "", "file_untrusted"]);
      if (!words.includes("text")) expect(errorOf(ended).message).toContain(words);
    });
  }

  test.skipIf(lacking("root"))("another user's file, or one in another user's folder", async () => {
    for (const place of ["file", "folder"] as const)
      for (const isAllowed of [false, true]) {
        const at = isAllowed ? await home.allowed(WORK) : home.project(WORK);
        Bun.spawnSync(["chown", "4711", at[place]]);
        const words = `${place === "file" ? "it" : "its folder"} belongs to another user`;
        expect((await at.call(["allow"])).stderr).toContain(`can't be allowed: ${words}.`);
        const ended = await at.call(["token", "github"]);
        expect(ended.code).toBe(isAllowed ? 9 : 0);
        expect(ended.stderr).toContain(words);
      }
  });

  const REFUSED: Readonly<Record<string, readonly [text: string, words: string]>> = {
    "a variable that programs run": ['[variables]\nMAKEFLAGS = "github:work"', "variables.MAKEFLAGS"],
    PATH: ['[variables]\nPATH = "github:work"', "variables.PATH is reserved"],
    "one of the loader's": ['[variables]\nLD_PRELOAD_TOKEN = "github:work"', "variables.LD_PRELOAD_TOKEN is reserved"],
    "one of git's": ['[variables]\nGIT_SSH_KEY = "github:work"', "variables.GIT_SSH_KEY is reserved"],
    "one of ours": ['[variables]\nAUTH_KEY = "github:work"', "variables.AUTH_KEY is reserved"],
    "a path that ends like a key": ['[variables]\nDOCKER_TLS_KEY = "github:work"', "variables.DOCKER_TLS_KEY"],
    "a host": ['[variables]\nGH_HOST = "github:work"', "variables.GH_HOST"],
    "a name that says nothing": ['[variables]\nFOO = "github:work"', "variables.FOO"],
    "small letters": ['[variables]\nfoo_token = "github:work"', "variables.foo_token"],
    "a name with a line in it": ['[variables]\n"A_TOKEN\\nX" = "github:work"', "variables.A_TOKEN\\nX"],
    "a setting's name": ['[variables]\n"{env}" = "github:work"', "variables.{env}"],
    "a refresh token": ['[variables]\nA_TOKEN = "auth://github:work/refreshToken"', "is not a connection"],
    "a file": ['[variables]\nA_TOKEN = "file:///etc/passwd"', "is not a connection"],
    "an issuer's URL": ['connections = ["https://issuer.example"]', "an issuer"],
    "something else than a text": ["connections = [7]", "something else than a text"],
    "no list": ['connections = "github:work"', "isn't a list"],
    "no table": ['variables = ["github:work"]', "variables isn't a table"],
    "a provider that there isn't": ['connections = ["nowhere:work"]', "nowhere"],
    "two of a provider": ['connections = ["github:work", "github:home"]', "names github twice"],
    "a default that isn't among them": ['default = "sentry"\nconnections = ["github"]', "isn't one of its connections"],
    "a profile that is no name": ['profile = "a b"', "profile isn't the name of a connection"],
    "another field": ['command = "true"', "has 'command'"],
    "broken TOML": ["connections = [", "line 1"],
    "a date": ["profile = 2020-01-01", "is a date"],
    "a hundred thousand dots": [`a${".a".repeat(8000)} = 1`, "nested too deeply"],
    "what every object has": ['[variables]\nconstructor = "github:work"', "line 2"],
    "a prototype": ['[variables]\n__proto__ = "github:work"', "line 2"],
  };

  for (const [what, [text, words]] of Object.entries(REFUSED))
    test(`allow refuses ${what}`, async () => {
      const at = home.project(text);
      const ended = await at.call(["allow", "--json"]);
      expect(ended.code).toBe(9);
      expect(errorOf(ended)).toMatchObject({ code: "file_untrusted" });
      expect(errorOf(ended).message).toContain(words);
      expect((await at.call(["allow", "--list", "--json"])).stdout).not.toContain(at.file);
    });

  test("a variable of another provider's tools can be allowed, with a warning", async () => {
    const at = home.project('[variables]\nSENTRY_AUTH_TOKEN = "github:work"\n');
    expect((await at.call(["allow"])).stderr).toContain(
      "Tools of sentry read SENTRY_AUTH_TOKEN: they would send the token of github:work there.",
    );
  });
});
