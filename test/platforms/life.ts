/**
 * The whole life of a login, played on a platform's binary: what a user does from the first vault to the last logout.
 * Each command is a process of its own, which an emulator takes a second to start: so the steps are few, and share a home.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SWITCHES } from "../../.ci/runtime.ts";
import { type HeldIssuer, startHeld } from "../issuers/held.ts";
import { hostileValue, scriptFolder } from "../support/hostile-switches.ts";
import { type Ended, tempFolder } from "../support/program.ts";
import { until } from "../support/until.ts";
import { binaryOf, type Machine, type Platform, reasonToSkip } from "./platform.ts";

/** Milliseconds for a test: emulated, on a busy machine. */
const PATIENCE = 180_000;
const KEY = "QSBrZXkgZm9yIHByb29mcywgMzIgYnl0ZXMgbG9uZyE=";
const OTHER_KEY = "QW5vdGhlciBrZXksIHdoaWNoIGRvZXNuJ3QgZml0Li4=";

/** What no shell, and no rule of quoting, may change on its way to the command. */
const ARGUMENTS = [
  "two words",
  'say "hello"',
  "it's",
  "$HOME `id` $(id)",
  "back\\slash\\",
  'a\\"b',
  "",
  "ünïcödé 日本 🔑",
  "%PATH% a&b|c>d<e^f",
  "*",
  "--flag=x y",
];

/** Made by the refreshes that are killed: the test has never seen them. */
const LOST_BY_KILLS = ["access-6", "access-8"];

interface Options {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

interface Started {
  readonly process: Bun.Subprocess<Bun.BunFile, "pipe", "pipe">;
  readonly said: () => string;
  readonly ended: Promise<Ended>;
}

export function life(platform: Platform): void {
  const skipped = reasonToSkip(platform);
  const title = `platform ${platform.name}${skipped === null ? "" : `, which ${skipped}`}`;
  describe.skipIf(skipped !== null)(title, () => {
    let machine: Machine;
    let issuer: HeldIssuer;
    /** Where the steps meet: its vault is made by default. */
    let home: string;

    beforeAll(async () => {
      machine = await platform.prepare(binaryOf(platform));
      issuer = startHeld();
      home = tempFolder();
    }, PATIENCE);
    const started: Bun.Subprocess[] = [];
    afterEach(() => {
      for (const child of started.splice(0)) if (child.exitCode === null) child.kill("SIGKILL");
    });
    afterAll(async () => {
      await issuer?.stop();
      await machine?.stop?.();
    }, PATIENCE);

    const promise = (name: string, body: () => Promise<void>): void => test(name, body, PATIENCE);

    function start(args: readonly string[], { env = {}, input = "" }: Options = {}, wrapped = asItIs): Started {
      const child = Bun.spawn(wrapped(machine.command(args)), {
        env: { ...machine.environment(home), ...env },
        stdin: inputFile(input),
        stdout: "pipe",
        stderr: "pipe",
      });
      started.push(child);
      const parts = { stdout: "", stderr: "" };
      const read = async (stream: ReadableStream<Uint8Array>, part: keyof typeof parts): Promise<void> => {
        const decoder = new TextDecoder();
        for await (const chunk of stream)
          parts[part] += decoder.decode(chunk, { stream: true }).replaceAll("\r\n", "\n");
      };
      const done = Promise.all([read(child.stdout, "stdout"), read(child.stderr, "stderr"), child.exited]);
      return {
        process: child,
        said: () => parts.stdout + parts.stderr,
        ended: done.then(() => ({ code: child.exitCode, signal: child.signalCode, ...parts })),
      };
    }
    const auth = (args: readonly string[], options?: Options): Promise<Ended> => start(args, options).ended;

    async function done(args: readonly string[], options?: Options): Promise<string> {
      const ended = await auth(args, options);
      if (ended.code !== 0) throw new Error(`auth ${args.join(" ")}: ${JSON.stringify(ended)}`);
      return ended.stdout;
    }
    const elsewhere = (env: Record<string, string> = {}): Options => ({
      env: { ...machine.environment(tempFolder()), ...env },
    });

    promise("says its version", async () => {
      const { version } = JSON.parse(readFileSync(join(import.meta.dir, "..", "..", "package.json"), "utf8"));
      expect(await auth(["--version"])).toMatchObject({ code: 0, stdout: `auth ${version}\n` });
    });

    promise("obeys none of Bun's own switches, all set at once", async () => {
      const folder = scriptFolder();
      const switches = Object.fromEntries(
        SWITCHES.map((name) => [name, hostileValue(name, folder).replace(folder, machine.path(folder))]),
      );
      for (const args of [["list"], ["-e", "await Bun.write('was-run', '')"]])
        expect(await auth(args, { env: switches })).toEqual(await auth(args));
      expect(readdirSync(folder)).toEqual(["script.ts"]);
    });

    describe("a vault", () => {
      const SOURCES: Readonly<Record<string, Record<string, string>>> = {
        file: {},
        passphrase: { AUTH_PASSPHRASE: "correct horse battery staple" },
        env: { AUTH_KEY: KEY },
      };
      for (const [source, env] of Object.entries(SOURCES))
        promise(`with its key from ${source} is made, keeps an API key, and gives it back`, async () => {
          const there = elsewhere(env);
          await done(["vault", "init", "--key", source], there);
          await done(["login", "apikey:one", "--token", "-"], { ...there, input: "sk-one" });
          expect(await done(["token", "apikey:one"], there)).toBe("sk-one\n");
          expect(JSON.parse(await done(["vault", "status", "--json"], there))).toMatchObject({
            keySource: source,
            records: 1,
          });
        });

      promise("is made by the first login, which says where its key is", async () => {
        const first = await auth(["login", "apikey:one", "--token", "-"], { input: "sk-one" });
        expect(first).toMatchObject({ code: 0, stderr: expect.stringContaining("key") });
        expect(await done(["token", "apikey:one"])).toBe("sk-one\n");
      });

      promise("opens with no other key, and says so", async () => {
        const { env = {} } = elsewhere({ AUTH_KEY: KEY });
        await done(["vault", "init", "--key", "env"], { env });
        const refused = await auth(["list", "--json"], { env: { ...env, AUTH_KEY: OTHER_KEY } });
        expect([refused.code, JSON.parse(refused.stderr).error.code]).toEqual([8, "vault_locked"]);
      });

      promise("that is damaged is refused, and left as it is", async () => {
        const folder = tempFolder();
        const env = machine.environment(folder);
        await done(["vault", "init", "--key", "file"], { env });
        const file = join(folder, "auth", "vault.db");
        writeFileSync(file, "no vault".repeat(1000));
        const refused = await auth(["list", "--json"], { env });
        expect([refused.code, JSON.parse(refused.stderr).error.code]).toEqual([8, "vault_corrupt"]);
        expect(readFileSync(file, "utf8")).toBe("no vault".repeat(1000));
      });
    });

    describe("a login", () => {
      promise("by device code is kept, and its token is printed", async () => {
        const description = join(tempFolder(), "acme.toml");
        writeFileSync(description, issuer.manifest("acme"), { mode: 0o600 });
        await done(["provider", "add", machine.path(description), "--yes"]);
        await done(["login", "acme", "--flow", "device"]);
        expect(await done(["token", "acme"])).toBe("access-1\n");
      });

      promise("by browser is kept beside it", async () => {
        const login = start(["login", "acme:web", "--flow", "browser", "--no-browser"]);
        const [url = ""] = await until("it names a page", () => /http:\/\/\S+\/authorize\?\S+/.exec(login.said()));
        const page = await fetch(url).then((answer) => answer.text());
        expect(page).toContain("Logged in to ACME");
        expect(await login.ended).toMatchObject({ code: 0 });
        const listed = JSON.parse(await done(["status", "--json"])) as Record<string, unknown>[];
        expect(listed.map(({ connection, status }) => [connection, status])).toEqual([
          ["acme:default", "connected"],
          ["acme:web", "connected"],
          ["apikey:one", "connected"],
        ]);
      });
    });

    describe("a refresh", () => {
      promise("by order brings a new token", async () => {
        await done(["refresh", "acme", "--force"]);
        expect(await done(["token", "acme"])).toBe("access-3\n");
      });

      promise("is sent once for ten that ask for an expired token at once", async () => {
        issuer.expireAfter(1);
        await done(["refresh", "acme", "--force"]);
        issuer.expireAfter(3600);
        await Bun.sleep(1000);
        // The reply waits until all of them have had the time to send a request of their own.
        const began = performance.now();
        await done(["list"]);
        const enough = Math.min(10 * (performance.now() - began), 15_000);
        const before = issuer.asked();
        issuer.hold();
        const crowd = Array.from({ length: 10 }, () => auth(["token", "acme"]));
        await until("it asked", () => issuer.asked() > before);
        await Bun.sleep(enough);
        issuer.letGo();
        const ended = await Promise.all(crowd);
        expect(ended).toEqual(Array(10).fill({ code: 0, signal: null, stdout: "access-5\n", stderr: "" }));
        expect(issuer.asked()).toBe(before + 1);
      });
    });

    describe("run", () => {
      const run = (command: readonly string[], options?: Options): Promise<Ended> =>
        auth(["run", "-c", "acme=ACME_TOKEN", "--", ...command], options);

      promise("hands over the token", async () => {
        expect(await run(machine.programs.print("ACME_TOKEN"))).toMatchObject({ code: 0, stdout: "access-5\n" });
      });

      promise("hands over every argument as it was given", async () => {
        const { stdout } = await run(machine.programs.lines(...ARGUMENTS));
        expect(stdout).toBe(`${ARGUMENTS.join("\n")}\n`);
      });

      for (const code of [0, 1, 42, 255])
        promise(`passes on exit code ${code}`, async () => {
          expect(await run(machine.programs.exit(code))).toMatchObject({ code });
        });

      promise("of a command that isn't there is 127", async () => {
        expect(await run(["no-such-command-anywhere"])).toMatchObject({ code: 127 });
      });

      promise("of a file that isn't a program is 126", async () => {
        const file = join(tempFolder(), "data");
        writeFileSync(file, "no program", { mode: 0o644 });
        expect(await run([machine.path(file)])).toMatchObject({ code: 126 });
      });

      // Windows' own way with these is in windows-faults.test.ts.
      if (!platform.build.startsWith("windows")) {
        for (const signal of ["SIGTERM", "SIGINT"] as const) {
          promise(`${signal} reaches the command, which may handle it`, async () => {
            const script = `trap 'echo got it; exit 9' ${signal.slice(3)}; echo ready; while :; do sleep 0.02; done`;
            const running = start(["run", "acme", "--", "sh", "-c", script]);
            await until("it is ready", () => running.said().includes("ready"));
            running.process.kill(signal);
            expect(await running.ended).toMatchObject({ code: 9, signal: null, stdout: "ready\ngot it\n" });
          });

          promise(`${signal} ends a command that doesn't`, async () => {
            const running = start(["run", "acme", "--", "sh", "-c", "echo ready; exec sleep 100"]);
            await until("it is ready", () => running.said().includes("ready"));
            running.process.kill(signal);
            expect(await running.ended).toMatchObject({ code: null, signal });
          });
        }

        promise("leaves the descriptors open that were handed to it", async () => {
          const handed = (command: readonly string[]): string[] => [
            "sh",
            "-c",
            'echo "from the caller" | { exec 4<&0 </dev/null 3>&1; exec "$@"; }',
            "sh",
            ...command,
          ];
          const child = ["run", "acme", "--", "sh", "-c", "cat <&4 >&3"];
          expect(await start(child, {}, handed).ended).toMatchObject({ code: 0, stdout: "from the caller\n" });
        });
      }
    });

    describe("besides", () => {
      promise("export prints what a shell takes over", async () => {
        expect(await done(["export", "-c", "acme=ACME_TOKEN"])).toContain("export ACME_TOKEN='access-5'\n");
      });

      promise("provider check finds Sentry's description consistent", async () => {
        expect(await done(["provider", "check", "sentry"])).toContain("Sentry is consistent with itself");
      });

      promise("doctor finds nothing wrong", async () => {
        const { ok, checks } = JSON.parse(await done(["doctor", "--offline", "--json"]));
        expect([ok, checks.filter(({ status }: { status: string }) => status === "fail")]).toEqual([true, []]);
      });

      promise("the log tells of the logins and the refreshes", async () => {
        const lines = (await done(["log", "--connection", "acme", "--json"])).trim().split("\n");
        const told = ["login", "refresh"];
        const events = lines.map((line) => JSON.parse(line)).filter(({ event }) => told.includes(event));
        expect(events.map(({ event, status }) => [event, status])).toEqual([
          ["login", "success"],
          ["refresh", "success"],
          ["refresh", "success"],
          ["refresh", "success"],
        ]);
      });
    });

    describe("killed in the middle of a refresh", () => {
      async function killed(): Promise<void> {
        issuer.hold("refresh_token");
        const before = issuer.asked();
        const refresh = start(["refresh", "acme", "--force"]);
        await until("it asked", () => issuer.asked() > before);
        refresh.process.kill("SIGKILL");
        expect(await refresh.ended).toMatchObject({ signal: "SIGKILL" });
        issuer.letGo();
      }

      promise("it goes on, where the issuer takes the old refresh token again", async () => {
        await killed();
        // As an issuer with grace has it.
        issuer.live.add("access-5");
        expect(await done(["refresh", "acme", "--force", "-o", "token"])).toBe("access-7\n");
      });

      promise("it says what was lost, where the issuer doesn't, and the next login heals it", async () => {
        await killed();
        const lost = await auth(["refresh", "acme", "--force", "--json"]);
        expect([lost.code, JSON.parse(lost.stderr).error.code]).toEqual([4, "rotation_lost"]);
        await done(["login", "acme", "--flow", "device", "--force"]);
        expect(await done(["token", "acme"])).toBe("access-9\n");
      });
    });

    describe("in the end", () => {
      promise("a new key opens what was sealed with the old one", async () => {
        const env = { AUTH_PASSPHRASE: "another horse" };
        await done(["vault", "rekey", "--key", "passphrase"], { env });
        expect(await done(["token", "acme"], { env })).toBe("access-9\n");
        expect(await auth(["token", "acme"])).toMatchObject({ code: 8 });
        await done(["vault", "rekey", "--key", "file"], { env });
        expect(await done(["token", "acme"])).toBe("access-9\n");
      });

      promise("logout revokes every login at its provider, and leaves none here", async () => {
        for (const token of LOST_BY_KILLS) issuer.live.delete(token);
        expect(issuer.live.size).toBe(2);
        await done(["logout", "--all", "--yes"]);
        expect([...issuer.live]).toEqual([]);
        expect(JSON.parse(await done(["list", "--json"]))).toEqual([]);
      });
    });
  });
}

/** Not a pipe: wine's programs can't wait for one of this machine's. */
function inputFile(text: string): Bun.BunFile {
  const path = join(tempFolder(), "input");
  writeFileSync(path, text, { mode: 0o600 });
  return Bun.file(path);
}

const asItIs = (command: string[]): string[] => command;
