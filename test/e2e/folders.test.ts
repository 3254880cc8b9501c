/** `.auth.toml` (docs/folders.md): which connections a folder uses, once the person has allowed it. */
import { describe, expect, test } from "bun:test";
import { appendFileSync, chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { paste, succeeded } from "../support/home.ts";
import { errorOf } from "../support/logged-in.ts";
import { lacking } from "../support/needs.ts";
import { AUTH, auth, bareEnvironment, type Ended, run, tempFolder } from "../support/program.ts";
import { type Project, ProjectHome, tokenOf, WORK } from "../support/project.ts";

const home = await ProjectHome.make();

describe("a file that nobody has allowed", () => {
  const at = home.project(WORK);

  test("is as if it weren't there, and a warning says so, with both commands", async () => {
    const { code, stdout, stderr } = await at.call(["token", "github"]);
    expect([code, stdout]).toEqual([0, `${tokenOf("github:home")}\n`]);
    expect(stderr).toContain(`${at.file} isn't allowed, so it isn't used.`);
    expect(stderr).toContain(`auth allow ${at.file}\n`);
    expect(stderr).toContain(`auth deny ${at.file}\n`);
  });

  test("is in status, list and doctor", async () => {
    for (const command of ["status", "list"])
      expect((await at.call([command])).stderr).toContain(`${at.file} isn't allowed`);
    const { stdout } = await at.call(["doctor", "--offline", "--json"]);
    const { checks } = JSON.parse(stdout) as { checks: { name: string }[] };
    expect(checks.filter(({ name }) => name === "folder")).toEqual([
      {
        name: "folder",
        status: "warn",
        detail: `${at.file} isn't allowed, so it isn't used`,
        remedy: `Look at it, then: auth allow ${at.file}`,
      } as never,
    ]);
  });

  test("with --json, the warning is a line of JSON", async () => {
    const { stderr } = await at.call(["token", "github", "--json"]);
    expect(JSON.parse(stderr).warning.message).toContain("isn't allowed");
  });

  test("isn't looked for where a connection is named in full, by -p or by AUTH_PROFILE", async () => {
    for (const args of [["github:work"], ["github", "-p", "work"]])
      expect(await at.call(["token", ...args])).toMatchObject({ code: 0, stderr: "" });
    expect(await at.call(["token", "github"], { env: { AUTH_PROFILE: "work" } })).toMatchObject({ stderr: "" });
  });
});

describe("a file that was allowed", () => {
  test("says what allow found in it, and decides from then on, in folders below too", async () => {
    const at = home.project('connections = ["github:work", "sentry"]\n[variables]\nSHIP_TOKEN = "sentry:work"\n');
    expect(await at.call(["allow"])).toMatchObject({
      code: 0,
      stderr: `✓ Allowed ${at.file}: github:work, sentry; SHIP_TOKEN from sentry:work.\n`,
    });
    expect(await at.token(["github"])).toBe(tokenOf("github:work"));
    const below = join(at.folder, "a", "b");
    mkdirSync(below, { recursive: true });
    expect(await at.call(["token", "github"], { cwd: below })).toMatchObject({
      stdout: `${tokenOf("github:work")}\n`,
      stderr: "",
    });
    expect(await at.call(["get", "github", "--field", "connection"])).toMatchObject({ stdout: "github:work\n" });
  });

  test("run and export hand over what it names, and nothing else", async () => {
    const at = await home.allowed('connections = ["github:work"]\n[variables]\nSHIP_TOKEN = "sentry:work"\n');
    const { stdout, stderr } = await at.call(["run", "--", "env"]);
    const set = stdout.split("\n").filter((line) => line.includes("token-of-"));
    expect(set.filter((line) => !line.startsWith("AUTH_INJECTED")).sort()).toEqual([
      `GH_TOKEN=${tokenOf("github:work")}`,
      `GITHUB_TOKEN=${tokenOf("github:work")}`,
      `SHIP_TOKEN=${tokenOf("sentry:work")}`,
    ]);
    expect(stderr).toBe("Injected github:work → GH_TOKEN, GITHUB_TOKEN; sentry:work → SHIP_TOKEN.\n");
    const exported = JSON.parse((await at.call(["export", "--json"])).stdout) as Record<string, string>;
    expect(Object.keys(exported).sort()).toEqual(["AUTH_INJECTED", "GH_TOKEN", "GITHUB_TOKEN", "SHIP_TOKEN"]);
  });

  test("what it names must yield a token: run starts nothing else", async () => {
    const at = await home.allowed('connections = ["github:work", "sentry:gone"]\n');
    const ended = await at.call(["run", "--json", "--", "echo", "ran"]);
    expect([ended.code, ended.stdout]).toEqual([125, ""]);
    expect(errorOf(ended)).toMatchObject({ code: "connection_not_found", connection: "sentry:gone" });
  });

  test("a connection that isn't there is an error that names the file, never another connection", async () => {
    const at = home.project('connections = ["github:gone"]\n');
    expect((await at.call(["allow"])).stderr).toContain(
      "There is no github:gone here yet. Log in: auth login github:gone",
    );
    for (const args of [["github"], []])
      expect(await at.token(args)).toStartWith(
        `exit 2: Error: There is no connection github:gone. ${at.file} names it.\n`,
      );
  });

  test("no name means the only one that it names, or its default; of several without a default none", async () => {
    const several = 'connections = ["github:work", "sentry:default"]\n';
    const at = await home.allowed(several);
    const ended = await at.call(["token", "--json"]);
    expect(ended.code).toBe(64);
    expect(errorOf(ended)).toMatchObject({ code: "ambiguous_connection" });
    expect(errorOf(ended).hint).toContain("github:work, sentry:default");
    expect(await (await home.allowed(`default = "sentry:default"\n${several}`)).token()).toBe(
      tokenOf("sentry:default"),
    );
    expect(await (await home.allowed('connections = ["sentry:work"]\n')).token()).toBe(tokenOf("sentry:work"));
    expect(await (await home.allowed('[variables]\nA_TOKEN = "sentry:work"\n')).token()).toBe(tokenOf("github:home"));
  });

  test("profile is as AUTH_PROFILE, and run hands over every connection of that name", async () => {
    const at = await home.allowed('profile = "work"\n');
    expect(await at.token(["github"])).toBe(tokenOf("github:work"));
    expect(await at.token(["sentry"])).toBe(tokenOf("sentry:work"));
    expect(await at.token()).toStartWith("exit 64: Error: Which connection? Several are named work.");
    expect((await at.call(["run", "--", "true"])).stderr).toContain("Injected github:work");
    expect((await at.call(["run", "--", "true"])).stderr).toContain("sentry:work → ");
    const other = await home.allowed('profile = "home"\nconnections = ["sentry:work"]\n');
    expect([await other.token(["github"]), await other.token(["sentry"])]).toEqual([
      tokenOf("github:home"),
      tokenOf("sentry:work"),
    ]);
    const gone = await home.allowed('profile = "gone"\n');
    const message = `There is no connection named gone. ${gone.file} names it.`;
    expect(await gone.token()).toStartWith(`exit 2: Error: ${message}`);
    expect(errorOf(await gone.call(["run", "--json", "--", "true"]))).toMatchObject({ exitCode: 125, message });
    expect((await gone.call(["run", "--allow-none", "--", "echo", "ran"])).stdout).toBe("ran\n");
  });

  test("logins and profiles are made under the name that it gives", async () => {
    const at = await home.allowed('connections = ["sentry:new"]\n');
    expect((await at.call(["profile", "create", "sentry", "--json"])).stdout).toContain('"sentry:new"');
    const pasted = await at.call(["login", "sentry", "--token", "-", "--no-verify"], { stdin: "token-of-new" });
    expect(pasted.stderr).toContain("sentry:new");
    expect(await at.token(["sentry"])).toBe("token-of-new");
    expect((await at.call(["logout", "sentry", "--json"])).stdout).toContain('"sentry:new"');
  });

  test("status, list and doctor say that it decides, and mark what names mean here", async () => {
    const at = await home.allowed(WORK);
    expect((await at.call(["status", "github"])).stdout).toContain(`  Chosen by: ${at.file}\n`);
    for (const command of ["status", "list"])
      expect((await at.call([command])).stderr).toBe(`${at.file} decides here: github:work.\n`);
    const entries = JSON.parse((await at.call(["list", "--json"])).stdout) as Record<string, unknown>[];
    expect(entries.filter((one) => one.folder !== undefined)).toMatchObject([
      { connection: "github:work", default: true, providerDefault: true, folder: at.file },
    ]);
    expect(entries.filter((one) => one.default).length).toBe(1);
    expect((await at.call(["doctor", "--offline"])).stdout).toContain(
      `✓ folder: ${at.file} decides here: github:work\n`,
    );
    expect((await auth(["doctor", "--offline"], { env: home.env, cwd: home.path })).stdout).toContain(
      "✓ folder: no .auth.toml is here or above\n",
    );
  });

  test("several API keys are one connection each, and each goes into its own variable", async () => {
    for (const name of ["one", "two"]) {
      const env = ["--env", `${name.toUpperCase()}_API_KEY`];
      const login = ["login", `apikey:${name}`, "--token", "-", ...env];
      await succeeded(auth(login, { env: home.env, stdin: `key-${name}` }));
    }
    const at = await home.allowed('connections = ["apikey:two", "apikey:one"]\n');
    expect((await at.call(["run", "--", "true"])).stderr).toBe(
      "Injected apikey:two → TWO_API_KEY; apikey:one → ONE_API_KEY.\n",
    );
  });
});

describe("order: a full name, -p, AUTH_PROFILE, the file, the environment's token, auth use", () => {
  const at = home.project(WORK);
  const set = { GITHUB_TOKEN: "token-of-environment" };
  const token = async (...given: Parameters<Project["token"]>): Promise<string> => {
    await at.allow();
    return at.token(...given);
  };

  test("a full name and -p before all", async () => {
    for (const args of [["github:home"], ["github", "-p", "home"], ["-p", "home"]])
      expect(await token(args, { ...set, AUTH_PROFILE: "work" })).toBe(tokenOf("github:home"));
  });

  test("AUTH_PROFILE before the file", async () => {
    for (const args of [["github"], []])
      expect(await token(args, { AUTH_PROFILE: "home" })).toBe(tokenOf("github:home"));
  });

  test("the file before a token in the environment, and before auth use", async () => {
    for (const args of [["github"], [], ["--stored"]]) expect(await token(args, set)).toBe(tokenOf("github:work"));
  });

  test("where the file names a provider alone, it means what it means elsewhere", async () => {
    const alone = await home.allowed('connections = ["github"]\n');
    expect(await alone.token(["github"])).toBe(tokenOf("github:home"));
    expect(await alone.token([], set)).toBe("token-of-environment");
    expect((await alone.call(["run", "--", "true"])).stderr).toBe("Injected github:home → GH_TOKEN, GITHUB_TOKEN.\n");
  });

  test("what is named for run goes before what the file names", async () => {
    await at.allow();
    expect((await at.call(["run", "-c", "sentry:work=X_TOKEN", "--", "true"])).stderr).toBe(
      "Injected sentry:work → X_TOKEN.\n",
    );
  });
});

describe("which file", () => {
  test("the nearest that is allowed; a nearer one that isn't is named, a denied one isn't", async () => {
    const at = await home.allowed(WORK);
    const inner = join(at.folder, "inner");
    mkdirSync(inner);
    writeFileSync(join(inner, ".auth.toml"), 'connections = ["github:home"]\n');
    const call = (...args: string[]): Promise<Ended> => at.call(args, { cwd: inner });
    const before = await call("token", "github");
    expect(before).toMatchObject({ stdout: `${tokenOf("github:work")}\n` });
    expect(before.stderr).toContain("isn't allowed");
    await succeeded(call("deny"));
    expect(await call("token", "github")).toMatchObject({ stdout: `${tokenOf("github:work")}\n`, stderr: "" });
    await succeeded(call("allow"));
    expect(await call("token", "github")).toMatchObject({ stdout: `${tokenOf("github:home")}\n`, stderr: "" });
  });

  test("home's own counts; none above home, and none where the current folder isn't in it", async () => {
    const outer = tempFolder();
    const inner = join(outer, "home");
    const elsewhere = join(outer, "elsewhere");
    for (const folder of [inner, elsewhere]) mkdirSync(folder);
    const own = bareEnvironment({ HOME: inner });
    for (const connection of ["github:work", "github:home"]) await paste(own, connection, tokenOf(connection));
    await succeeded(auth(["use", "github:home"], { env: own }));
    for (const folder of [outer, elsewhere]) {
      writeFileSync(join(folder, ".auth.toml"), WORK);
      const { code, stderr } = await auth(["allow", folder], { env: own, cwd: inner });
      expect([code, stderr]).toEqual([64, expect.stringContaining("isn't in your home folder")]);
    }
    for (const cwd of [inner, elsewhere, outer])
      expect(await auth(["token", "github"], { env: own, cwd })).toMatchObject({
        stdout: `${tokenOf("github:home")}\n`,
        stderr: "",
      });
    writeFileSync(join(inner, ".auth.toml"), WORK);
    await succeeded(auth(["allow"], { env: own, cwd: inner }));
    expect(await auth(["token", "github"], { env: own, cwd: inner })).toMatchObject({
      stdout: `${tokenOf("github:work")}\n`,
    });
    // A home that is a link, or isn't written as the system writes it, is the same home.
    symlinkSync(inner, join(outer, "link"));
    for (const HOME of [join(outer, "link"), `${inner}/`, `${inner}/../home`])
      expect(
        await auth(["token", "github"], { env: { ...own, HOME, AUTH_HOME: join(inner, "auth") }, cwd: inner }),
      ).toMatchObject({ stdout: `${tokenOf("github:work")}\n` });
    expect(
      await auth(["token", "github"], { env: { ...own, HOME: "", AUTH_HOME: join(inner, "auth") }, cwd: inner }),
    ).toMatchObject({ stdout: `${tokenOf("github:home")}\n`, stderr: "" });
  });

  test("a current folder that was removed has none", async () => {
    const line = 'mkdir "$HOME/gone" && cd "$HOME/gone" && rmdir "$HOME/gone" && "$AUTH" token github';
    const ended = await run(["sh", "-c", line], {
      env: { ...home.env, AUTH },
    });
    expect(ended).toMatchObject({ code: 0, stdout: `${tokenOf("github:home")}\n`, stderr: "" });
  });

  test.skipIf(lacking("strace"))(
    "where there is none, each folder is looked at once, and nothing is opened",
    async () => {
      const deep = join(home.project(null).folder, "a", "b", "c");
      mkdirSync(deep, { recursive: true });
      const looks = async (...args: string[]): Promise<string[]> => {
        const log = join(home.path, "strace");
        await succeeded(run(["strace", "-o", log, AUTH, ...args], { env: home.env, cwd: deep }));
        return (await Bun.file(log).text()).split("\n").filter((line) => line.includes(".auth.toml"));
      };
      const found = await looks("token", "github");
      expect(found.length).toBe(5);
      expect(found.filter((line) => !/statx\(.*= -1 ENOENT/.test(line))).toEqual([]);
      expect(await looks("token", "github:home")).toEqual([]);
    },
  );
});

describe("allow and deny", () => {
  test("by folder or by file, from anywhere, through links in the folders too", async () => {
    const at = home.project(WORK);
    symlinkSync(at.folder, `${at.folder}-link`);
    for (const path of [at.folder, `${at.folder}/`, at.file, `${at.folder}-link`, `${at.folder}-link/.auth.toml`]) {
      expect(JSON.parse((await at.call(["allow", path, "--json"], { cwd: home.path })).stdout)).toEqual({
        path: at.file,
        state: "allowed",
        profile: null,
        default: null,
        connections: ["github:work"],
        variables: {},
      });
      expect(await at.token(["github"])).toBe(tokenOf("github:work"));
      expect((await at.call(["deny", path, "--json"], { cwd: home.path })).stdout).toContain('"denied"');
      expect(await at.token(["github"])).toBe(tokenOf("github:home"));
    }
  });

  test("what isn't there is a mistake on the command line", async () => {
    const at = home.project(null);
    for (const args of [["allow"], ["deny"], ["deny", "."], ["allow", "nothing"], ["allow", "/etc/passwd"]])
      expect((await at.call(args)).code).toBe(64);
    expect((await at.call(["allow", "."])).stderr).toContain("can't be allowed: it isn't there.");
  });

  test("--list tells what has become of each; a file that is gone is forgotten by deny", async () => {
    const own = bareEnvironment();
    const states = ["allowed", "denied", "changed", "unusable", "gone"];
    const call = (...args: string[]): Promise<Ended> => succeeded(auth(args, { env: own, cwd: own.HOME ?? "" }));
    expect((await call("allow", "--list", "--json")).stdout).toBe("[]\n");
    for (const state of states) {
      mkdirSync(join(own.HOME ?? "", state));
      writeFileSync(join(own.HOME ?? "", state, ".auth.toml"), WORK);
      await call(state === "denied" ? "deny" : "allow", state);
    }
    appendFileSync(join(own.HOME ?? "", "changed", ".auth.toml"), "#");
    chmodSync(join(own.HOME ?? "", "unusable", ".auth.toml"), 0o666);
    rmSync(join(own.HOME ?? "", "gone"), { recursive: true });
    const listed = JSON.parse((await call("allow", "--list", "--json")).stdout) as { path: string; state: string }[];
    expect(listed.map(({ path, state }) => [path.split("/").at(-2), state])).toEqual(
      [...states].sort().map((state) => [state, state]),
    );
    expect((await call("allow", "--list")).stdout).toContain("unusable (every user can write it)");
    expect((await call("deny", "gone/.auth.toml")).stderr).toContain("Forgot");
    expect((await call("allow", "--list")).stdout).not.toContain("gone");
  });

  test("--list has the files of run --env-file too; --undo forgets either", async () => {
    const own = bareEnvironment();
    const call = (...args: string[]): Promise<Ended> => succeeded(auth(args, { env: own, cwd: own.HOME ?? "" }));
    const states = async (): Promise<string[]> => {
      const { stdout } = await call("allow", "--list", "--json");
      return (JSON.parse(stdout) as { path: string; state: string }[]).map(
        ({ path, state }) => `${path.split("/").at(-1)} ${state}`,
      );
    };
    writeFileSync(join(own.HOME ?? "", ".auth.toml"), WORK);
    writeFileSync(join(own.HOME ?? "", "tokens.env"), "X_TOKEN=auth://github:work/token\n", { mode: 0o600 });
    await call("allow");
    await call("allow", "tokens.env", "--yes");
    expect(await states()).toEqual([".auth.toml allowed", "tokens.env allowed"]);
    appendFileSync(join(own.HOME ?? "", "tokens.env"), "#\n");
    expect(await states()).toEqual([".auth.toml allowed", "tokens.env changed"]);
    expect((await call("allow", "--undo")).stderr).toContain("Forgot");
    expect((await call("allow", "tokens.env", "--undo")).stderr).toContain("is not obeyed any more");
    expect(await states()).toEqual([]);
    for (const file of [".auth.toml", "tokens.env"]) {
      const { stderr } = await call("allow", file, "--undo");
      expect(stderr).toContain(`${file} was not allowed: there is nothing to undo.`);
    }
    expect((await call("list")).stderr).toContain("isn't allowed, so it isn't used.");
  });

  test("twenty at once: each succeeds, and the last one counts", async () => {
    const at = home.project(WORK);
    const all = await Promise.all(Array.from({ length: 20 }, (_, i) => at.call([i % 2 ? "deny" : "allow"])));
    expect(all.map(({ code }) => code)).toEqual(all.map(() => 0));
    await at.allow();
    expect(await at.token(["github"])).toBe(tokenOf("github:work"));
  }, 60_000);

  test("both are in the audit log", async () => {
    const at = await home.allowed(WORK);
    await succeeded(at.call(["deny"]));
    const { stdout } = await at.call(["log", "--event", "folder", "-n", "2", "--json"]);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).message),
    ).toEqual([`allowed ${at.file}`, `denied ${at.file}`]);
  });

  test("a new key of the vault takes nothing back", async () => {
    const own = bareEnvironment();
    await paste(own, "github:work", "one");
    const folder = join(own.HOME ?? "", "project");
    mkdirSync(folder);
    writeFileSync(join(folder, ".auth.toml"), WORK);
    await succeeded(auth(["allow"], { env: own, cwd: folder }));
    await succeeded(auth(["vault", "rekey", "--key", "file"], { env: own }));
    expect(await auth(["token"], { env: own, cwd: folder })).toMatchObject({ stdout: "one\n", stderr: "" });
  });
});
