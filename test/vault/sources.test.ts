import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import type { Environment } from "../../src/platform/context.ts";
import { Secret } from "../../src/platform/secret.ts";
import { initVault } from "../../src/vault/create.ts";
import { parseKey, type SourceName } from "../../src/vault/sources/source.ts";
import { vaultStatus } from "../../src/vault/status.ts";
import { openVault } from "../../src/vault/store.ts";
import { type Home, KEY, newHome, openOrMake, refusal } from "./home.ts";

let home: Home;
beforeEach(() => {
  home = newHome();
});
afterEach(() => home[Symbol.dispose]());

const OTHER_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

async function init(env: Environment, source?: SourceName): Promise<void> {
  await initVault(home.context(env), source === undefined ? {} : { source });
}

/** Opens, and closes again; the vault's id. */
async function open(env: Environment, prompt?: (question: string) => Promise<Secret>): Promise<string> {
  const vault = await openVault(home.context(env), { ...(prompt && { prompt }) });
  vault?.close();
  return vault?.id ?? "none";
}

describe("AUTH_KEY", () => {
  const bytes = Uint8Array.fromBase64(KEY);
  const forms = [
    KEY,
    KEY.replace("=", ""),
    bytes.toHex(),
    bytes.toHex().toUpperCase(),
    bytes.toBase64({ alphabet: "base64url" }),
    `  ${KEY}\n`,
  ];

  test("is 32 bytes in base64, base64url or hex", () => {
    for (const form of forms) expect(parseKey(form, "AUTH_KEY")).toEqual(bytes);
    const tricky = new Uint8Array(32).fill(0xfb, 1);
    expect(parseKey(tricky.toBase64({ alphabet: "base64url" }), "AUTH_KEY")).toEqual(tricky);
  });

  test("is refused in any other form, without being shown", async () => {
    const wrong = [
      " ",
      "short",
      "z".repeat(64),
      KEY.slice(1),
      `${KEY}A`,
      `${KEY} ${KEY}`,
      "00".repeat(31),
      "é".repeat(43),
    ];
    for (const value of wrong) {
      const refused = await refusal(openOrMake(home.context({ AUTH_KEY: value })));
      expect([value, refused.code]).toEqual([value, "key_invalid"]);
      if (value.trim().length > 4) expect(refused.text).not.toContain(value.trim());
    }
    expect(existsSync(home.file)).toBe(false);
  });

  test("of one repeated byte is refused", async () => {
    for (const value of ["00".repeat(32), "ff".repeat(32), "ab".repeat(32)])
      expect((await refusal(open({ AUTH_KEY: value }).then(() => init({ AUTH_KEY: value })))).code).toBe("key_invalid");
  });

  test("chooses at creation, and must open the vault afterwards", async () => {
    await init({ AUTH_KEY: KEY });
    expect((await vaultStatus(home.context()))?.keySource).toBe("env");
    for (const form of forms) expect(await open({ AUTH_KEY: form })).toHaveLength(32);
    const wrong = await refusal(open({ AUTH_KEY: OTHER_KEY }));
    expect([wrong.code, wrong.text.includes("AUTH_KEY")]).toEqual(["vault_locked", true]);
    const missing = await refusal(open({}));
    expect(missing.code).toBe("vault_locked");
    expect(missing.text).toContain("AUTH_KEY, which is not set");
  });

  test("set over a vault with another source is refused, naming that source", async () => {
    await init({}, "file");
    const refused = await refusal(open({ AUTH_KEY: KEY }));
    expect(refused.code).toBe("vault_locked");
    expect(refused.text).toContain("the key file");
    expect(await open({})).toHaveLength(32);
  });

  test("set over another source, but with the very key, opens", async () => {
    await init({}, "file");
    const key = readFileSync(home.key, "utf8").trim().split(" ")[1];
    expect(await open({ AUTH_KEY: key })).toHaveLength(32);
  });

  test("can't be set while a vault with another source is made", async () => {
    const refused = await refusal(init({ AUTH_KEY: KEY }, "file"));
    expect(refused.code).toBe("usage");
    expect(existsSync(home.file)).toBe(false);
  });
});

describe("the key file", () => {
  beforeEach(() => init({}, "file"));

  test("is private, and holds the key alone", () => {
    expect(statSync(home.key).mode & 0o777).toBe(0o600);
    expect(readFileSync(home.key, "utf8")).toMatch(/^[0-9a-f]{32}\.[0-9a-f]{16} [A-Za-z0-9+/]{43}=\n$/);
  });

  test("missing, or without this vault's key, leaves the vault locked and is never made anew", async () => {
    const text = readFileSync(home.key, "utf8");
    await Bun.file(home.key).delete();
    expect((await refusal(open({}))).code).toBe("vault_locked");
    expect((await refusal(openOrMake(home.context()))).code).toBe("vault_locked");
    expect(existsSync(home.key)).toBe(false);
    for (const content of ["", "garbage\n", `${"00".repeat(16)}.${"00".repeat(8)} ${KEY}\n`]) {
      writeFileSync(home.key, content, { mode: 0o600 });
      expect((await refusal(open({}))).code).toBe("vault_locked");
    }
    writeFileSync(home.key, text);
    expect(await open({})).toHaveLength(32);
  });

  test("with another key under this vault's name is the wrong key, not a damaged vault", async () => {
    const text = readFileSync(home.key, "utf8");
    writeFileSync(home.key, text.replace(/ .*/, ` ${OTHER_KEY}`));
    expect((await refusal(open({}))).code).toBe("vault_locked");
  });

  test("cut short is reported as no key, and the key isn't shown", async () => {
    const text = readFileSync(home.key, "utf8");
    writeFileSync(home.key, text.slice(0, -9));
    const refused = await refusal(open({}));
    expect(refused.code).toBe("key_invalid");
    expect(refused.text).not.toContain(text.slice(55, 70));
  });

  test("that others may read is refused, with how to mend it", async () => {
    for (const mode of [0o644, 0o640, 0o604, 0o660]) {
      const { chmodSync } = await import("node:fs");
      chmodSync(home.key, mode);
      const refused = await refusal(open({}));
      expect([refused.code, refused.text.includes("chmod 600")]).toEqual(["vault_locked", true]);
    }
  });

  test("serves several vaults: each finds its own line", async () => {
    const store = `sqlite:${home.folder}/second.db`;
    await initVault(home.context({ AUTH_STORE: store }), { source: "file" });
    expect(readFileSync(home.key, "utf8").trim().split("\n")).toHaveLength(2);
    const first = await open({});
    const second = await open({ AUTH_STORE: store });
    expect(second).not.toBe(first);
  });

  test("is warned about by vault status", async () => {
    const status = await vaultStatus(home.context());
    expect(status?.keySource).toBe("file");
    expect(status?.warnings.map(({ text }) => text).join("\n")).toContain("on the same disk");
  });
});

describe("AUTH_KEY_COMMAND", () => {
  test("gives the key, at creation and afterwards", async () => {
    const env = { AUTH_KEY_COMMAND: `printf '%s\\n' ${KEY}` };
    await init(env);
    expect((await vaultStatus(home.context()))?.keySource).toBe("command");
    expect(await open(env)).toHaveLength(32);
    expect((await refusal(open({}))).text).toContain("AUTH_KEY_COMMAND");
    expect((await refusal(open({ AUTH_KEY_COMMAND: `echo ${OTHER_KEY}` }))).code).toBe("vault_locked");
  });

  test("that fails, prints no key, or isn't there leaves the vault locked", async () => {
    await init({ AUTH_KEY_COMMAND: `echo ${KEY}` });
    const cases: [string, string][] = [
      ["exit 3", "vault_locked"],
      [`echo ${KEY}; exit 1`, "vault_locked"],
      ["kill -9 $$", "vault_locked"],
      ["no-such-command-anywhere 2>/dev/null", "vault_locked"],
      ["true", "key_invalid"],
      ["echo hello", "key_invalid"],
    ];
    for (const [command, code] of cases)
      expect([command, (await refusal(open({ AUTH_KEY_COMMAND: command }))).code]).toEqual([command, code]);
  });

  test("that prints without end is stopped", async () => {
    await init({ AUTH_KEY_COMMAND: `echo ${KEY}` });
    const started = performance.now();
    const refused = await refusal(open({ AUTH_KEY_COMMAND: "yes" }));
    expect(refused.code).toBe("vault_locked");
    expect(refused.text).toContain("more than 64 KiB");
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test("sees no token, nothing of ours, no variable that switches Bun, and gets no input", async () => {
    const seen = `${home.folder}/seen`;
    const env = {
      AUTH_KEY_COMMAND: `env > '${seen}'; cat >> '${seen}'; echo ${KEY}`,
      AUTH_STORE: `sqlite:${home.file}`,
      AUTH_ACME_CLIENT_SECRET: "planted-1",
      ACME_TOKEN: "planted-2",
      TOKEN: "planted-3",
      ACME_API_KEY: "planted-4",
      BUN_OPTIONS: "--planted-5",
      HOME: "/home/someone",
    };
    await init(env);
    const text = readFileSync(seen, "utf8");
    expect(text).toContain("HOME=/home/someone");
    expect(text).not.toMatch(/planted|AUTH_|BUN_/);
  });
});

describe("a passphrase", () => {
  const env = { AUTH_PASSPHRASE: "correct horse battery staple" };

  test("opens what was made with it, and nothing else does", async () => {
    await init(env);
    const status = await vaultStatus(home.context());
    expect(status?.keySource).toBe("passphrase");
    expect(await open(env)).toHaveLength(32);
    expect((await refusal(open({ AUTH_PASSPHRASE: "Correct horse battery staple" }))).code).toBe("vault_locked");
    expect((await refusal(open({}))).text).toContain("AUTH_PASSPHRASE");
    expect((await refusal(open({ AUTH_KEY: KEY }))).text).toContain("a passphrase");
  });

  test("is asked for where there is someone to ask", async () => {
    await init(env);
    const questions: string[] = [];
    const id = await open({}, async (question) => {
      questions.push(question);
      return new Secret(env.AUTH_PASSPHRASE);
    });
    expect(id).toHaveLength(32);
    expect(questions).toHaveLength(1);
  });

  test("is asked for twice when it is new, and both must be the same", async () => {
    const answers = ["one", "two"];
    const prompt = async (): Promise<Secret> => new Secret(answers.shift() ?? "the same");
    const refused = await refusal(initVault(home.context(), { source: "passphrase", prompt }));
    expect(refused.code).toBe("key_invalid");
    expect(existsSync(home.file)).toBe(false);
    await initVault(home.context(), { source: "passphrase", prompt });
    expect(await open({ AUTH_PASSPHRASE: "the same" })).toHaveLength(32);
  });

  test("that is empty is refused", async () => {
    for (const empty of ["\n", "\r\n"])
      expect((await refusal(init({ AUTH_PASSPHRASE: empty }))).code).toBe("key_invalid");
    expect(existsSync(home.file)).toBe(false);
  });

  test("is the same with and without a line ending, and typed; anything else at its ends belongs to it", async () => {
    await init({ AUTH_PASSPHRASE: "correct horse \r\n" });
    const id = await open({ AUTH_PASSPHRASE: "correct horse " });
    for (const AUTH_PASSPHRASE of ["correct horse \n", "correct horse \r\n"])
      expect(await open({ AUTH_PASSPHRASE })).toBe(id);
    expect(await open({}, async () => new Secret("correct horse "))).toBe(id);
    for (const AUTH_PASSPHRASE of ["correct horse", "correct horse \n\n", " correct horse "])
      expect((await refusal(open({ AUTH_PASSPHRASE }))).code).toBe("vault_locked");
  }, 60_000);

  test("may be composed either way", async () => {
    await init({ AUTH_PASSPHRASE: "caf\u00e9" });
    expect(await open({ AUTH_PASSPHRASE: "cafe\u0301" })).toHaveLength(32);
  });

  test("set over a vault with another source is refused, naming that source", async () => {
    await init({}, "file");
    expect((await refusal(open(env))).text).toContain("the key file");
  });
});

describe("an empty variable", () => {
  const EMPTY = { AUTH_KEY: "", AUTH_KEY_COMMAND: "", AUTH_PASSPHRASE: "" };

  test("counts as unset: it doesn't lock a vault that something else opens, and chooses nothing", async () => {
    await init(EMPTY, "file");
    expect((await vaultStatus(home.context(EMPTY)))?.keyVariable).toBeNull();
    expect(await open(EMPTY)).toHaveLength(32);
  });

  test("is reported as not set where the key should be in it", async () => {
    for (const [variable, value] of Object.entries({ AUTH_KEY: KEY, AUTH_KEY_COMMAND: `echo ${KEY}` })) {
      const store = `sqlite:${home.folder}/${variable}.db`;
      await init({ [variable]: value, AUTH_STORE: store });
      const refused = await refusal(open({ ...EMPTY, AUTH_STORE: store }));
      expect(refused.code).toBe("vault_locked");
      expect(refused.text).toContain(`${variable}, which is not set`);
    }
  });
});

test("of several variables the recorded source's is asked, else the first", async () => {
  await init({ AUTH_PASSPHRASE: "correct horse" });
  expect(await open({ AUTH_KEY: KEY, AUTH_PASSPHRASE: "correct horse" })).toHaveLength(32);
});
