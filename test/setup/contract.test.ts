/**
 * What every tool's setup keeps to: it does what it says and no more, twice is as once, and taking it back leaves each byte
 * as it was; whatever isn't certainly this user's to change is left alone.
 */
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { AuthError } from "../../src/platform/errors.ts";
import { surroundingsOf } from "../../src/platform/places.ts";
import { carryOut, type Plan, planSetup, planUndo, setupStatuses, textWithout } from "../../src/setup/engine.ts";
import { shownStep } from "../../src/setup/show.ts";
import { TOOLS } from "../../src/setup/table.ts";
import type { SetupCall } from "../../src/setup/tool.ts";
import { lacking } from "../support/needs.ts";
import { tempFolder } from "../support/program.ts";
import { FIXTURES, type Fixture } from "./fixtures.ts";

const NO_OPTIONS = { replace: false, system: false, words: [] };

/** A home in which `auth` is on PATH, and one tool's files. */
class Home {
  readonly path = tempFolder();
  readonly known = join(this.path, "auth", "setup");
  readonly #tool: string;
  readonly #fixture: Fixture;

  constructor(tool: string, text: string | null = null) {
    const fixture = FIXTURES[tool];
    if (fixture === undefined) throw new Error(`There is no fixture for ${tool}.`);
    this.#tool = tool;
    this.#fixture = fixture;
    for (const [name, content] of Object.entries({ ".local/bin/auth": "#!/bin/sh\n", ...fixture.others }))
      this.write(join(this.path, name), content);
    chmodSync(join(this.path, ".local/bin/auth"), 0o755);
    if (text !== null) this.write(this.file, text);
  }

  get file(): string {
    return join(this.path, this.#fixture.file ?? "");
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  async plan(
    options = NO_OPTIONS,
    other: Fixture["call"] & { readonly origins?: readonly string[] } = {},
  ): Promise<Plan> {
    const { call = {}, env } = this.#fixture;
    const { origins = this.#fixture.origins ?? [], ...otherCall } = other;
    const bin = join(this.path, ".local", "bin");
    const where = {
      ...surroundingsOf({ HOME: this.path, PATH: bin, ...env?.(this.path) }),
      platform: "linux" as const,
      folder: this.path,
    };
    const made: SetupCall = {
      ...where,
      ...{ connection: null, name: null, context: null, audience: null, rest: [], ...options, ...call, ...otherCall },
      ...{ auth: join(bin, "auth"), bin, files: this.known, profile: null, hasLogin: async () => false },
      origins: async () => origins,
      textOf: (path) => textWithout(this.known, path, this.#tool),
    };
    const tool = await TOOLS[this.#tool]?.load();
    if (tool === undefined) throw new Error("There is no such tool.");
    const { wanted } = await tool.plan(made);
    expect(wanted.length).toBeGreaterThan(0);
    return planSetup(this.known, this.#tool, wanted, options);
  }

  async setUp(): Promise<void> {
    await carryOut(await this.plan());
  }

  async undo(force = false): Promise<void> {
    await carryOut(await planUndo(this.known, ({ tool }) => tool === this.#tool, force));
  }

  async states(): Promise<string[]> {
    return [...new Set((await setupStatuses(this.known)).map(({ state }) => state))];
  }

  /** Every file with its bytes, mode and group, every link, every folder; but for what auth itself keeps. */
  tree(): Record<string, string> {
    const all: Record<string, string> = {};
    for (const name of readdirSync(this.path, { recursive: true, encoding: "utf8" }).sort()) {
      if (["auth", "auth/setup", "auth/setup/record.json", "auth/setup/lock"].includes(name)) continue;
      const path = join(this.path, name);
      const stat = lstatSync(path);
      if (stat.isSymbolicLink()) all[name] = `link to ${readlinkSync(path)}`;
      else if (stat.isDirectory()) all[name] = "folder";
      else all[name] = `${stat.mode.toString(8)} ${stat.gid} ${readFileSync(path).toString("latin1")}`;
    }
    return all;
  }
}

async function refusal(work: Promise<unknown>): Promise<AuthError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AuthError)) throw new Error(`It wasn't refused: ${error}`);
  expect(error.code).toBe("setup_refused");
  expect(error.hint).toMatch(/Nothing was changed\.|auth setup [a-z-]+ --undo|the same command again/);
  return error;
}

test("a kubeconfig on one line: other users' tokens aren't shown, going in or out", async () => {
  const users = ["first", "last"].map((name) => ({ name, user: { token: `hidden-${name}` } }));
  const contexts = [{ name: "here", context: { cluster: "c", user: "first" } }];
  const home = new Home("kubectl", JSON.stringify({ apiVersion: "v1", kind: "Config", contexts, users }));
  const plan = await home.plan();
  const shown = await Promise.all(plan.steps.map(shownStep));
  expect(JSON.stringify(shown)).not.toContain("hidden-");
  expect(shown[0]?.added.join("\n")).toContain("oidc:work");
  await carryOut(plan);
  const back = await planUndo(home.known, () => true, false);
  const gone = await Promise.all(back.steps.map(shownStep));
  expect(JSON.stringify(gone)).not.toContain("hidden-");
  expect(gone[0]?.removed).toEqual(shown[0]?.added ?? []);
});

test("what was done in part is told with the cause's own hint, and what takes back that tool alone", async () => {
  const home = new Home("docker", "{}");
  const plan = await home.plan();
  writeFileSync(home.file, "{ }");
  const { hint } = await refusal(carryOut(plan));
  expect(hint).toBe("Try again.\nThe files before it were written. To take that back: auth setup docker --undo");
  await home.setUp();
  const back = await planUndo(home.known, () => true, false);
  const link = join(home.path, ".local/bin/docker-credential-auth");
  rmSync(link);
  const undone = await refusal(carryOut(back));
  expect(undone.hint).toStartWith("Try again.\nThe files before it are as they were.");
  expect(undone.hint).not.toContain("--undo");
  await home.undo();
  expect(await setupStatuses(home.known)).toEqual([]);
});

test("taking back everything is refused where something was set up since it was shown", async () => {
  const home = new Home("git");
  await home.setUp();
  const back = await planUndo(home.known, () => true, false);
  const path = join(home.path, "other");
  const change = { kind: "lines", label: "x", lines: ["x"], section: null, setting: null } as const;
  await carryOut(await planSetup(home.known, "x", [{ name: "x", path, change }], NO_OPTIONS));
  const tree = home.tree();
  expect(await carryOut(back).catch(({ code }) => code)).toBe("busy");
  expect(home.tree()).toEqual(tree);
  expect(await home.states()).toEqual(["stands"]);
});

test("every tool has a fixture, and every fixture a tool", () => {
  expect(Object.keys(FIXTURES).sort()).toEqual(Object.keys(TOOLS).sort());
});

/** Another value of each option. */
const OTHER = {
  connection: { connection: "oidc:another" },
  host: { origins: ["https://another.example"] },
  name: { name: "another" },
  context: { context: null },
  audience: { audience: "//iam.googleapis.com/another" },
  rest: { rest: ["--min-ttl", "61"] },
} as const;

/** Here a connection only says for which hosts. */
const BY_HOSTS = ["docker", "podman"];

for (const [tool, { takes }] of Object.entries(TOOLS))
  test(`${tool}: an option changes what is set up where the tool takes it, and else not`, async () => {
    const home = new Home(tool, FIXTURES[tool]?.text ?? null);
    const shownFor = async (other: Parameters<Home["plan"]>[1]): Promise<unknown> =>
      Promise.all((await home.plan(NO_OPTIONS, other)).steps.map(shownStep));
    const usual = await shownFor({});
    const changing: string[] = [];
    for (const [option, other] of Object.entries(OTHER))
      if (!Bun.deepEquals(await shownFor(other), usual)) changing.push(option);
    const taken = takes.filter((option) => option in OTHER && !(option === "connection" && BY_HOSTS.includes(tool)));
    expect(changing.sort()).toEqual([...taken].sort());
  });

/** Something in the file that has to stay out of what is recorded and shown. */
const SECRET = "c2VjcmV0";

test("where a part of the contract means nothing for a tool, it is one of these", () => {
  const without = (lacks: (fixture: Fixture) => boolean): string[] =>
    Object.keys(FIXTURES).filter((tool) => lacks(FIXTURES[tool] as Fixture));
  // All of their files are their own.
  expect(without(({ file }) => file === null)).toEqual(["adc", "agent"]);
  expect(without(({ more }) => more === undefined)).toEqual(["adc", "agent"]);
  expect(without(({ damage }) => damage === undefined)).toEqual(["adc", "agent"]);
  // Their files hold no secrets.
  const plain = "git aws adc terraform opentofu cargo go bazel pip uv vault openbao ansible codex agent completion";
  expect(without(({ text = "" }) => !text.includes(SECRET))).toEqual(plain.split(" "));
});

for (const [tool, fixture] of Object.entries(FIXTURES))
  describe(tool, () => {
    const { text = "", file, more, damage, noMark, onlyWith = false, replaces } = fixture;
    const texts: Readonly<Record<string, string | null>> = {
      ...(!onlyWith && { "no file": null }),
      ...(file !== null && {
        ...(!onlyWith && { "an empty file": "" }),
        "a file with comments": text,
        "lines that end in CR LF": text.replaceAll("\n", "\r\n"),
        "a last line without an end": text.trimEnd(),
        ...(!noMark && { "a byte order mark": `\uFEFF${text}` }),
      }),
    };

    for (const [what, before] of Object.entries(texts))
      test(`with ${what}: set up, checked, the same a second time, and taken back to the byte`, async () => {
        const home = new Home(tool, before);
        if (before !== null) chmodSync(home.file, 0o640);
        const tree = home.tree();
        const plan = await home.plan();
        expect(home.tree()).toEqual(tree);
        await carryOut(plan);
        expect(await home.states()).toEqual(["stands"]);
        expect((await home.plan()).steps).toEqual([]);
        const after = home.tree();
        await home.setUp();
        expect(home.tree()).toEqual(after);
        expect(after).not.toEqual(tree);
        // What was there is there still.
        if (before !== null && file !== null) {
          const now = readFileSync(home.file, "utf8");
          for (const line of before.replace("\uFEFF", "").split(/\r?\n/))
            if (line !== replaces) expect(now).toContain(line.replace(/[},\s]*$/, "").replace("'old'", ""));
          expect(now.startsWith("\uFEFF")).toBe(before.startsWith("\uFEFF"));
          if (before.includes("\r\n")) expect(now.replaceAll("\r\n", "")).not.toContain("\n");
          expect(statSync(home.file).mode & 0o777).toBe(0o640);
        }
        await home.undo();
        expect(home.tree()).toEqual(tree);
        expect(await setupStatuses(home.known)).toEqual([]);
        await home.undo();
        expect(home.tree()).toEqual(tree);
      });

    test("whatever the umask is, each file has the same mode, and no folder is open to be written by others", async () => {
      const modesUnder = async (umask: number): Promise<Record<string, string>> => {
        const home = new Home(tool, onlyWith ? text : null);
        const usual = process.umask(umask);
        await home.setUp().finally(() => process.umask(usual));
        for (const [name, entry] of Object.entries(home.tree()))
          if (entry === "folder") expect([name, statSync(join(home.path, name)).mode & 0o022]).toEqual([name, 0]);
        const files = Object.entries(home.tree()).filter(([, entry]) => /^\d/.test(entry));
        return Object.fromEntries(files.map(([name, entry]) => [name, entry.split(" ", 1)[0] ?? ""]));
      };
      const usual = await modesUnder(0o022);
      expect(Object.keys(usual).length).toBeGreaterThan(0);
      for (const mode of Object.values(usual)) expect(mode).toMatch(/^100(600|644|755)$/);
      for (const umask of [0, 0o077]) expect(await modesUnder(umask)).toEqual(usual);
    });

    if (text.includes(SECRET))
      test("what is recorded and shown has nothing of the rest of the file", async () => {
        // All on one line.
        const secret = text
          .replaceAll(SECRET, "hidden-value")
          .replace(/\s*\/\/.*/g, "")
          .replaceAll("\n", " ");
        const home = new Home(tool, text.startsWith("{") ? secret : text.replaceAll(SECRET, "hidden-value"));
        const plan = await home.plan();
        await carryOut(plan);
        const shown = JSON.stringify(await Promise.all(plan.steps.map(shownStep)));
        expect(shown + readFileSync(join(home.known, "record.json"), "utf8")).not.toContain("hidden-value");
      });

    if (file === null) return;

    test("a read-only file is refused", async () => {
      const home = new Home(tool, text);
      chmodSync(home.file, 0o444);
      const tree = home.tree();
      expect((await refusal(home.plan())).message).toContain("is read-only");
      expect(home.tree()).toEqual(tree);
    });

    test("a link to a file of one's own stays a link, and what it leads to is changed and put back", async () => {
      const home = new Home(tool, text);
      const real = join(home.path, "dotfiles", "real");
      mkdirSync(dirname(real));
      renameSync(home.file, real);
      symlinkSync(real, home.file);
      const tree = home.tree();
      await home.setUp();
      expect(lstatSync(home.file).isSymbolicLink()).toBe(true);
      expect(await home.states()).toEqual(["stands"]);
      expect(readFileSync(real, "utf8")).not.toBe(text);
      await home.undo();
      expect(home.tree()).toEqual(tree);
    });

    test("a link that leads nowhere is refused", async () => {
      const home = new Home(tool);
      mkdirSync(dirname(home.file), { recursive: true });
      symlinkSync(join(home.path, "gone"), home.file);
      expect((await refusal(home.plan())).message).toContain("leads nowhere");
      expect(existsSync(join(home.path, "gone"))).toBe(false);
    });

    test.skipIf(lacking("root"))("another user's file is refused, by its name and by a link to it", async () => {
      const home = new Home(tool, text);
      chownSync(home.file, 12345, 12345);
      expect((await refusal(home.plan())).message).toContain("belongs to another user");
      const theirs = join(home.path, "theirs");
      renameSync(home.file, theirs);
      symlinkSync(theirs, home.file);
      expect((await refusal(home.plan())).message).toContain("belongs to another user");
      expect(readFileSync(theirs, "utf8")).toBe(text);
    });

    test("a file that everyone can write, one with two names, one that isn't text, and a folder are refused", async () => {
      const open = new Home(tool, text);
      chmodSync(open.file, 0o666);
      expect((await refusal(open.plan())).message).toContain("can be written by other users");
      const bytes = new Home(tool, text);
      writeFileSync(bytes.file, Buffer.from([0x66, 0xff, 0xfe, 0x00]));
      expect((await refusal(bytes.plan())).message).toContain("isn't UTF-8 text");
      const folder = new Home(tool);
      mkdirSync(folder.file, { recursive: true });
      expect((await refusal(folder.plan())).message).toContain("is no file");
    });

    test("a file that was changed while the question was open isn't overwritten", async () => {
      const home = new Home(tool, text);
      const plan = await home.plan();
      writeFileSync(home.file, `${text}\n`);
      expect((await refusal(carryOut(plan))).message).toContain("was changed by another program meanwhile");
      expect(readFileSync(home.file, "utf8")).toBe(`${text}\n`);
      // What had been written by then is known, and goes.
      await home.undo();
      expect(await setupStatuses(home.known)).toEqual([]);
    });

    if (more !== undefined)
      test("what a person wrote since stays, and all that is ours goes", async () => {
        for (const before of onlyWith ? [text] : [text, null]) {
          const home = new Home(tool, before);
          await home.setUp();
          const written = readFileSync(home.file, "utf8");
          const edited = more(written);
          expect(edited).not.toBe(written);
          writeFileSync(home.file, edited);
          expect(await home.states()).toEqual(["stands"]);
          expect((await home.plan()).steps).toEqual([]);
          await home.undo();
          const left = readFileSync(home.file, "utf8");
          expect(left.replace(/\s/g, "")).toBe(
            more(before ?? (written.startsWith("{") ? "{}" : ""))
              .replace(/\s/g, "")
              .replace(",}", "}"),
          );
          expect(await setupStatuses(home.known)).toEqual([]);
        }
      });

    if (damage !== undefined)
      test("what was changed by hand is told, is refused to be taken back, and stays with --force", async () => {
        const home = new Home(tool, text);
        await home.setUp();
        const written = readFileSync(home.file, "utf8");
        const damaged = written.replace(...(damage as [string, string]));
        expect(damaged).not.toBe(written);
        writeFileSync(home.file, damaged);
        expect(await home.states()).toContain("changed");
        const { message, hint } = await refusal(home.undo());
        expect(message).toContain("was changed by hand");
        expect(hint).toContain(`auth setup ${tool} --undo --force`);
        expect(readFileSync(home.file, "utf8")).toBe(damaged);
        await home.undo(true);
        expect(readFileSync(home.file, "utf8")).toContain(damage[1]);
        expect(await setupStatuses(home.known)).toEqual([]);
      });

    test("what a person took out is told, and can be set up again", async () => {
      const home = new Home(tool, text);
      await home.setUp();
      const written = home.tree();
      writeFileSync(home.file, text);
      chmodSync(home.file, 0o644);
      expect(await home.states()).toContain("gone");
      await home.setUp();
      expect(await home.states()).toEqual(["stands"]);
      expect(home.tree()).toEqual(written);
      await home.undo();
      expect(readFileSync(home.file, "utf8")).toBe(text);
    });
  });
