/** `auth vault use`: which vault a home uses from then on. */
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAddress } from "../../src/vault/address.ts";
import { openStore } from "../../src/vault/shared/open.ts";
import { PASSWORD } from "../support/databases.ts";
import { paste, succeeded } from "../support/home.ts";
import { errorOf } from "../support/logged-in.ts";
import { lacking } from "../support/needs.ts";
import { AUTH, auth, bareEnvironment, onTerminal, run, tempFolder } from "../support/program.ts";
import { KEY } from "../vault/home.ts";
import { BACKENDS, emptied, lazyServer } from "../vault/shared-home.ts";

type Variables = Record<string, string>;

const kept = (env: Variables): string => join(env.AUTH_HOME ?? "", "store");
const use = (env: Variables, words: readonly string[], stdin = "") =>
  auth(["vault", "use", ...words, "--json"], { env, stdin });
const tokenOf = async (env: Variables): Promise<string> =>
  (await succeeded(auth(["token", "apikey:one"], { env }))).stdout.trim();
const other = (fingerprint: string): string => fingerprint.replace(/^./, (digit) => (digit === "0" ? "1" : "0"));

for (const [name, { needs, start }] of Object.entries(BACKENDS))
  describe.skipIf(lacking(...needs))(name, () => {
    const server = lazyServer(start);
    afterAll(() => server.stop());

    /** A vault of members with a login, which a new machine was let in to. */
    async function invited() {
      const store = await server.address();
      const one = bareEnvironment({ AUTH_STORE: store });
      await succeeded(auth(["vault", "init", "--key", "members"], { env: one }));
      await paste(one, "apikey:one", "the-shared-token");
      const env = bareEnvironment();
      const publicKey = (await succeeded(auth(["vault", "member", "key"], { env }))).stdout.trim();
      const added = await succeeded(auth(["vault", "member", "add", "two", publicKey, "--json"], { env: one }));
      return { store, env, fingerprint: JSON.parse(added.stdout).fingerprint as string };
    }

    test("a machine uses the shared vault with nothing in its environment, and goes back to its own", async () => {
      const { store, env, fingerprint } = await invited();
      await paste({ ...env, AUTH_KEY: KEY }, "apikey:one", "the-own-token");
      const used = await use(env, ["-", "--fingerprint", fingerprint], store);
      expect({ code: used.code, stderr: used.stderr }).toEqual({ code: 0, stderr: "" });
      expect(JSON.parse(used.stdout)).toMatchObject({ chosenBy: "use", connections: ["apikey:one"] });
      expect(await tokenOf(env)).toBe("the-shared-token");
      for (const words of [
        ["vault", "use"],
        ["vault", "status"],
        ["doctor", "--offline"],
      ]) {
        const { stdout, stderr } = await auth(words, { env });
        expect(stdout).toContain("by 'auth vault use'");
        for (const secret of [PASSWORD, encodeURIComponent(PASSWORD)]) expect(stdout + stderr).not.toContain(secret);
      }
      expect(JSON.parse((await auth(["vault", "status", "--json"], { env })).stdout).chosenBy).toBe("use");
      const back = await use(env, ["--local"]);
      expect(JSON.parse(back.stdout)).toMatchObject({ chosenBy: null });
      expect(existsSync(kept(env))).toBe(false);
      expect(await tokenOf({ ...env, AUTH_KEY: KEY })).toBe("the-own-token");
    }, 60_000);

    test("without the fingerprint, or with another, it isn't used, and nothing of it is kept", async () => {
      const { store, env, fingerprint } = await invited();
      for (const [words, code, named] of [
        [["-"], 8, "vault_locked"],
        [["-", "--fingerprint", other(fingerprint)], 8, "vault_replaced"],
        [["-", "--fingerprint", "nonsense"], 64, "usage"],
      ] as const) {
        const refused = await use(env, words, store);
        expect([words, refused.code, errorOf(refused).code]).toEqual([words, code, named]);
        expect([existsSync(kept(env)), existsSync(join(env.AUTH_HOME ?? "", "shared"))]).toEqual([false, false]);
      }
    }, 60_000);

    test("where no vault is, a fingerprint that was given is refused, and no vault is made for it", async () => {
      const store = await server.address();
      const fingerprint = "0123".repeat(8);
      const env = bareEnvironment({ AUTH_KEY: KEY });
      const named = { ...env, AUTH_STORE: `${store}&fingerprint=${fingerprint}` };
      for (const refused of [
        await use(env, ["-", "--fingerprint", fingerprint], store),
        await use(env, ["-"], named.AUTH_STORE),
        await auth(["login", "apikey:one", "--token", "-", "--json"], { env: named, stdin: "a-token" }),
        await auth(["vault", "init", "--json"], { env: named }),
        await auth(["vault", "init", "--key", "members", "--json"], {
          env: bareEnvironment({ ...named, AUTH_KEY: "" }),
        }),
      ]) {
        expect([refused.code, errorOf(refused).code]).toEqual([2, "connection_not_found"]);
        expect(refused.stderr).toContain("so none with that fingerprint");
      }
      expect(existsSync(kept(env))).toBe(false);
      const status = await auth(["vault", "status", "--json"], { env: { ...env, AUTH_STORE: store } });
      expect(errorOf(status).code).toBe("connection_not_found");
    }, 60_000);

    test("a vault that was made anew is come back to by the commands that are printed", async () => {
      const { store, env, fingerprint } = await invited();
      await succeeded(use(env, ["-", "--fingerprint", fingerprint], store));
      await succeeded(use(env, ["--local"]));
      const { driver } = await openStore(await parseAddress(store, "AUTH_STORE"));
      await emptied(driver);
      driver.close();
      const gone = errorOf(await use(env, ["-"], store));
      expect(gone.code).toBe("vault_replaced");
      // As printed, but for the password.
      const [, address = ""] = /AUTH_STORE=(\S+) auth vault accept$/m.exec(String(gone.hint)) ?? [];
      expect(address.replaceAll("'", "")).toBe(
        store.replace(`:${encodeURIComponent(PASSWORD)}`, "").replace("//@", "//"),
      );

      const one = bareEnvironment({ AUTH_STORE: store });
      await succeeded(auth(["vault", "init", "--key", "members"], { env: one }));
      const publicKey = (await succeeded(auth(["vault", "member", "key"], { env }))).stdout.trim();
      const added = await succeeded(auth(["vault", "member", "add", "two", publicKey, "--json"], { env: one }));
      const next = JSON.parse(added.stdout).fingerprint as string;
      const there = { ...env, AUTH_STORE: store };
      const asked = errorOf(await auth(["vault", "accept", "--json"], { env: there }));
      const [, printed = ""] = /then: auth (.+)$/m.exec(String(asked.hint)) ?? [];
      await succeeded(auth(printed.replace("<fingerprint>", next).split(" "), { env: there }));
      await succeeded(auth(["list"], { env: there }));
    }, 60_000);

    test("at a terminal the fingerprint is shown, and a person says whether it is the one", async () => {
      const { store, env, fingerprint } = await invited();
      const asked = async (answer: string) => {
        const terminal = onTerminal([AUTH, "vault", "accept"], { env: { ...env, AUTH_STORE: store } });
        await terminal.waitFor("Is it the same");
        expect(terminal.screen()).toContain(fingerprint);
        terminal.type(answer);
        return terminal.ended;
      };
      expect((await asked("n\r")).code).toBe(8);
      expect(existsSync(join(env.AUTH_HOME ?? "", "shared"))).toBe(false);
      expect((await asked("y\r")).code).toBe(0);
      expect(await tokenOf({ ...env, AUTH_STORE: store })).toBe("the-shared-token");
    }, 60_000);

    test("one that doesn't open, or can't be reached, isn't used", async () => {
      const store = await server.address();
      await succeeded(auth(["vault", "init"], { env: { AUTH_STORE: store, AUTH_KEY: KEY } }));
      const env = bareEnvironment();
      const locked = await use(env, ["-"], store);
      expect([locked.code, errorOf(locked).code]).toEqual([8, "vault_locked"]);
      const gone = store.replace(/:\d+\//, ":1/");
      const unreachable = await use({ ...env, AUTH_KEY: KEY }, ["-"], gone);
      expect([unreachable.code, errorOf(unreachable).code]).toEqual([5, "vault_unreachable"]);
      expect(existsSync(kept(env))).toBe(false);
    }, 60_000);

    for (const [from, variables, key] of [
      ["AUTH_KEY", { AUTH_KEY: KEY }, ""],
      ["members", {}, " --key members"],
    ] as const)
      test(`where nothing is yet, it says how to make one, and how to take this home's logins along: key from ${from}`, async () => {
        const store = await server.address();
        const env = bareEnvironment(variables);
        if (key !== "") await succeeded(auth(["vault", "init", "--key", "members"], { env }));
        await paste(env, "apikey:one", "the-own-token");
        const used = await succeeded(auth(["vault", "use", "-"], { env, stdin: store }));
        expect(used.stderr).toContain(`To make one: auth vault init${key}\n`);
        const [, line = ""] =
          /To copy all of it \(it asks for the address\): (AUTH_STORE=.+)$/m.exec(used.stderr) ?? [];
        expect(line).toEndWith(` auth vault copy --to -${key}`);
        const script = `auth() { "$PROGRAM" "$@"; }; ${line}`;
        await succeeded(run(["sh", "-c", script], { env: { ...env, PROGRAM: AUTH }, stdin: store }));
        expect(await tokenOf(env)).toBe("the-own-token");
        expect(JSON.parse((await auth(["vault", "status", "--json"], { env })).stdout).backend).not.toBe("sqlite");
        const back = await succeeded(auth(["vault", "use", "-"], { env, stdin: store }));
        expect(back.stderr).toContain("still has 1 record. To go back to it: auth vault use --local");
      }, 60_000);

    test("at a terminal - asks for the address, and doesn't show it", async () => {
      const store = await server.address();
      const terminal = onTerminal([AUTH, "vault", "use", "-"], { env: bareEnvironment({ AUTH_KEY: KEY }) });
      await terminal.waitFor("Address:");
      terminal.type(`${store}\r`);
      expect((await terminal.ended).code).toBe(0);
      expect(terminal.screen()).toContain("from now on");
      expect(terminal.screen()).not.toContain(encodeURIComponent(PASSWORD));
    }, 60_000);

    test("AUTH_STORE wins over it, and that is said", async () => {
      const store = await server.address();
      const own = `sqlite:${join(tempFolder(), "vault.db")}`;
      const env = bareEnvironment({ AUTH_KEY: KEY, AUTH_STORE: own });
      await paste(env, "apikey:one", "the-named-token");
      const used = await succeeded(auth(["vault", "use", "-"], { env, stdin: store }));
      expect(used.stderr).toContain("AUTH_STORE is set, and wins");
      expect(await tokenOf(env)).toBe("the-named-token");
      expect((await succeeded(auth(["vault", "use"], { env }))).stdout).toContain("(by AUTH_STORE)");
    }, 60_000);
  });

test("a password on the command line is refused, and isn't shown or kept", async () => {
  const env = bareEnvironment({ AUTH_KEY: KEY });
  for (const address of ["redis://:s3cret@host/0", "postgres://me:s3c%20ret@host/db", "redis://:s3cr?et@host/0"]) {
    const refused = await use(env, [address]);
    expect([address, refused.code]).toEqual([address, 64]);
    expect(refused.stderr).not.toContain("s3c");
    expect(refused.stderr).toContain("auth vault use -");
  }
  expect(existsSync(kept(env))).toBe(false);
});

test("a mistyped address is answered with the form that is expected, and no password is suspected in it", async () => {
  const env = bareEnvironment({ AUTH_KEY: KEY });
  for (const [address, scheme] of [
    ["redis:/planted", "redis"],
    ["redis//planted", "redis"],
    ["redis:planted", "redis"],
    ["REDISS:/planted/0", "rediss"],
    ["postgresql:/planted/db", "postgresql"],
  ] as const) {
    const refused = await use(env, [address]);
    expect([address, refused.code]).toEqual([address, 64]);
    expect(refused.stderr).toContain(`The address begins with ${scheme}, and not with ${scheme}://`);
    expect(refused.stderr).not.toMatch(/planted|others could see it|AUTH_STORE/);
  }
  const listed = await auth(["list"], { env: { ...env, AUTH_STORE: "redis:/planted" } });
  expect(listed.stderr).toContain("AUTH_STORE begins with redis");
});

test("what is wrong with an address is said of it", async () => {
  const env = bareEnvironment({ AUTH_KEY: KEY });
  for (const [address, words] of [
    ["ftp://host", "The address names no store"],
    ["redis://host/x", "other than the number of a database"],
    ["redis://host/0&fingerprint=x", "'&' before its first option"],
    ["redis://host&prefix=team", "'&' before its first option"],
    ["postgres://me@host/db&schema=team", "'&' before its first option"],
    ["sqlite:", "The address names no file"],
    ["postgres://host/db", "names no user"],
  ] as const) {
    const refused = await use(env, [address]);
    expect([address, refused.code]).toEqual([address, 64]);
    expect(refused.stderr).toContain(words);
    expect(refused.stderr).not.toContain("AUTH_STORE");
  }
  expect((await use(env, ["redis://host/0", "--local"])).code).toBe(64);
});

test("what became wrong with the kept address is said of it, and not of a variable that isn't set", async () => {
  const env = bareEnvironment({ AUTH_KEY: KEY });
  const address = "rediss://redis.example/0?ca=/nowhere/ca.pem";
  mkdirSync(env.AUTH_HOME ?? "", { recursive: true, mode: 0o700 });
  writeFileSync(kept(env), `${address}\n`, { mode: 0o600 });
  const listed = await auth(["list"], { env });
  expect([listed.code, listed.stderr]).toEqual([
    64,
    expect.stringContaining("The address that 'auth vault use' keeps names"),
  ]);
  const used = await use(env, []);
  expect([used.code, used.stderr]).toEqual([
    64,
    expect.stringContaining("The address that 'auth vault use' keeps names"),
  ]);
  expect(listed.stderr + used.stderr).not.toContain("AUTH_STORE");
  const named = await use({ ...env, AUTH_STORE: address }, []);
  expect([named.code, named.stderr]).toEqual([64, expect.stringContaining("AUTH_STORE names a file, by ca")]);
});

test("a fingerprint that would be ignored is refused", async () => {
  const env = bareEnvironment({ AUTH_KEY: KEY });
  const fingerprint = ["--fingerprint", "0123".repeat(8)];
  for (const words of [[], ["--local"], [`sqlite:${tempFolder()}/vault.db`]])
    expect([words, (await use(env, [...words, ...fingerprint])).code]).toEqual([words, 64]);
  expect(existsSync(kept(env))).toBe(false);
});

test("another file is used by its full path, from whatever folder", async () => {
  const folder = tempFolder();
  const env = bareEnvironment({ AUTH_KEY: KEY });
  await paste({ ...env, AUTH_STORE: `sqlite:${folder}/there.db` }, "apikey:one", "the-token-there");
  await succeeded(auth(["vault", "use", "sqlite:there.db"], { env, cwd: folder }));
  expect(readFileSync(kept(env), "utf8")).toBe(`sqlite:${folder}/there.db\n`);
  expect(await tokenOf(env)).toBe("the-token-there");
});
