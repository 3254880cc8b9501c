/** `auth upgrade` among other upgrades, other users and failures: what it keeps, and what it neither runs nor installs. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { lacking } from "../support/needs.ts";
import { bareEnvironment, type Ended, run, tempFolder } from "../support/program.ts";
import { compileVersion, type Files, makeRelease, newSigner, startReleaseServer } from "../support/release.ts";
import { until } from "../support/until.ts";

const PLATFORM = "linux-x64";
const VERSIONS = ["0.1.0", "0.2.0", "0.3.0"] as const;
type Version = (typeof VERSIONS)[number];

const signer = newSigner();
const server = startReleaseServer();
const programs = new Map<Version, string>();
const releases = new Map<Version, Files>();

beforeAll(async () => {
  if (lacking("linux-x64")) return;
  const release = { url: server.url, keys: [signer.publicKey], platform: PLATFORM };
  const compiled = await Promise.all(VERSIONS.map((version) => compileVersion(version, release)));
  for (const [i, version] of VERSIONS.entries()) {
    const path = compiled[i] ?? "";
    programs.set(version, path);
    releases.set(version, makeRelease({ version, platform: PLATFORM, binary: readFileSync(path), signer }));
  }
}, 60_000);
afterAll(() => server.stop());
beforeEach(() => serve("0.2.0"));

function serve(version: Version): void {
  server.files = releases.get(version) ?? new Map();
  server.answer = () => undefined;
  server.asked.length = 0;
}

/**
 * Version 0.1.0 at `<folder>/auth`, in a folder that others can reach.
 * @param options.isOwn a file of its own, whose mode or owner is going to change; else another name of a large one
 */
function installed({ previous, isOwn = false }: { previous?: Version; isOwn?: boolean } = {}): string {
  const top = tempFolder();
  const folder = join(top, "bin");
  mkdirSync(folder);
  for (const each of [top, folder]) chmodSync(each, 0o755);
  const path = join(folder, "auth");
  (isOwn ? copyFileSync : linkSync)(programs.get("0.1.0") ?? "", path);
  chmodSync(path, 0o755);
  if (previous !== undefined) linkSync(programs.get(previous) ?? "", previousOf(path));
  return path;
}

const previousOf = (path: string): string => `${path}.previous`;
const upgrade = (path: string, ...args: string[]): Promise<Ended> => run([path, "upgrade", ...args]);
const filesBeside = (path: string): string[] => readdirSync(dirname(path)).sort();

async function versionOf(path: string): Promise<string> {
  return (await run([path, "--version"])).stdout.trim().replace("auth ", "");
}

async function versionsAt(path: string): Promise<string[]> {
  return [await versionOf(path), await versionOf(previousOf(path))];
}

/** Started, and returned once it has begun to write the new program. */
async function writing(path: string): Promise<Bun.Subprocess<"ignore", "ignore", "pipe">> {
  const options = { env: bareEnvironment(), stdin: "ignore", stdout: "ignore", stderr: "pipe" } as const;
  const child = Bun.spawn([path, "upgrade"], options);
  await until("it writes", () => filesBeside(path).some((name) => /^\.auth-[0-9a-f]{12}$/.test(name)));
  return child;
}

describe.skipIf(lacking("linux-x64"))("among other upgrades", () => {
  test("one that was held up doesn't put an older release over a newer one", async () => {
    const path = installed();
    const late = Promise.withResolvers<void>();
    const held = server.files.get(`auth-0.2.0-${PLATFORM}.tar.gz`) ?? new Uint8Array();
    server.answer = (name) =>
      name === `auth-0.2.0-${PLATFORM}.tar.gz`
        ? new Response(
            new ReadableStream({
              async start(controller) {
                await late.promise;
                controller.enqueue(held);
                controller.close();
              },
            }),
          )
        : undefined;
    const first = upgrade(path, "--json");
    await until("it downloads", () => server.asked.some((name) => name.endsWith(".tar.gz")));
    const held2 = server.answer;
    server.files = releases.get("0.3.0") ?? new Map();
    expect((await upgrade(path)).code).toBe(0);
    server.answer = held2;
    late.resolve();
    expect(JSON.parse((await first).stdout)).toEqual({
      upgraded: false,
      from: "0.3.0",
      to: "0.3.0",
      newest: "0.2.0",
    });
    expect(await versionsAt(path)).toEqual(["0.3.0", "0.1.0"]);
  }, 60_000);

  test("one that was stopped while it writes is waited for, and the newest stays", async () => {
    const path = installed();
    const first = await writing(path);
    first.kill("SIGSTOP");
    serve("0.3.0");
    const second = upgrade(path);
    await Bun.sleep(1500);
    expect(await versionOf(path)).toBe("0.1.0");
    first.kill("SIGCONT");
    expect([await first.exited, (await second).code]).toEqual([0, 0]);
    expect(await versionsAt(path)).toEqual(["0.3.0", "0.2.0"]);
    expect(filesBeside(path)).toEqual(["auth", "auth.previous"]);
  }, 60_000);

  test("two at once: one upgrades, the other finds it done, and the version before can be gone back to", async () => {
    const path = installed();
    const both = await Promise.all([upgrade(path), upgrade(path)]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    const said = both.map(({ stderr }) => stderr.split("\n").find((line) => line.startsWith("✓")) ?? "").sort();
    expect(said).toEqual(["✓ Upgraded auth 0.1.0 to 0.2.0.", "✓ auth 0.2.0 is the newest release."]);
    expect((await upgrade(path, "--rollback")).stderr).toContain("Went back from auth 0.2.0 to 0.1.0.");
    expect(filesBeside(path)).toEqual(["auth", "auth.previous"]);
  }, 60_000);

  test("going back to the version that is there already is refused", async () => {
    const path = installed({ previous: "0.1.0", isOwn: true });
    const ended = await upgrade(path, "--rollback");
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining("nothing to go back to")]);
  });
});

describe.skipIf(lacking("linux-x64"))("what fails or is interrupted", () => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1"] as const)
    test(`by ${signal} changes nothing and leaves nothing`, async () => {
      const path = installed({ previous: "0.3.0" });
      const child = await writing(path);
      child.kill(signal);
      expect(await child.exited).toBeGreaterThan(128);
      expect(filesBeside(path)).toEqual(["auth", "auth.previous"]);
      expect(await versionsAt(path)).toEqual(["0.1.0", "0.3.0"]);
    }, 60_000);

  test("by SIGKILL leaves a draft and a lock, which the next upgrade removes", async () => {
    const path = installed();
    const child = await writing(path);
    child.kill("SIGKILL");
    await child.exited;
    expect(filesBeside(path).length).toBe(3);
    expect((await upgrade(path)).code).toBe(0);
    expect(filesBeside(path)).toEqual(["auth", "auth.previous"]);
    expect(await versionsAt(path)).toEqual(["0.2.0", "0.1.0"]);
  }, 60_000);

  test.skipIf(lacking("strace"))(
    "by a kill between the two renames: a whole program is at the place, and the previous one is still one",
    async () => {
      const path = installed({ previous: "0.3.0" });
      const kill = [
        "strace",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        "inject=rename,renameat,renameat2:signal=KILL:when=2",
      ];
      await run([...kill, path, "upgrade"]);
      expect(await versionsAt(path)).toEqual(["0.2.0", "0.3.0"]);
      expect((await upgrade(path)).stderr).toContain("is the newest release");
    },
    60_000,
  );

  test.skipIf(lacking("root", "mounts"))(
    "where the program is mounted by itself: the previous one stays what it was, as the message says",
    async () => {
      for (const args of ["upgrade", "upgrade --rollback"]) {
        const path = installed({ previous: "0.3.0" });
        const mounted = join(tempFolder(), "real");
        copyFileSync(path, mounted);
        const ended = await run([
          "unshare",
          "--mount",
          "sh",
          "-c",
          `mount --bind "$0" "$1" && "$1" ${args}`,
          mounted,
          path,
        ]);
        expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining("mounted by itself")]);
        expect(ended.stderr).toContain("Nothing was changed.");
        expect(await versionsAt(path)).toEqual(["0.1.0", "0.3.0"]);
        expect(filesBeside(path)).toEqual(["auth", "auth.previous"]);
      }
    },
    60_000,
  );

  test("where the old program can't be kept: the new one doesn't stay, either", async () => {
    const path = installed();
    mkdirSync(join(previousOf(path), "full"), { recursive: true });
    const ended = await upgrade(path);
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining("Nothing was changed.")]);
    expect(await versionOf(path)).toBe("0.1.0");
    expect(filesBeside(path)).toEqual(["auth", "auth.previous"]);
  }, 60_000);
});

describe.skipIf(lacking("linux-x64"))("who may run it", () => {
  test("is who might before, also where the umask of root keeps everybody else out", async () => {
    for (const mode of [0o755, 0o751, 0o700]) {
      const path = installed({ isOwn: true });
      chmodSync(path, mode);
      const ended = await run(["sh", "-c", 'umask 077; exec "$0" upgrade', path]);
      expect([ended.code, statSync(path).mode & 0o777]).toEqual([0, mode]);
      chmodSync(previousOf(path), 0o700);
      expect((await run(["sh", "-c", 'umask 077; exec "$0" upgrade --rollback', path])).code).toBe(0);
      expect(statSync(path).mode & 0o777).toBe(mode);
    }
  }, 60_000);

  test.skipIf(lacking("root"))(
    "is the group that might before",
    async () => {
      const path = installed({ isOwn: true });
      chownSync(path, 0, 65534);
      chmodSync(path, 0o750);
      expect((await upgrade(path)).code).toBe(0);
      const { uid, gid, mode } = statSync(path);
      expect([uid, gid, mode & 0o777]).toEqual([0, 65534, 0o750]);
    },
    60_000,
  );
});

describe.skipIf(lacking("linux-x64"))(
  "a previous version that wasn't kept by an upgrade is neither run nor installed",
  () => {
    /** It leaves a trace where it is run. */
    function trap(path: string, place = previousOf(path)): () => boolean {
      const trace = join(tempFolder(), "was-run");
      writeFileSync(place, `#!/bin/sh\ntouch ${trace}\necho auth 0.0.9\n`, { mode: 0o755 });
      return () => existsSync(trace);
    }

    async function refused(path: string, wasRun: () => boolean): Promise<void> {
      const before = readFileSync(path);
      const ended = await upgrade(path, "--rollback");
      expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining("was not put there by 'auth upgrade'")]);
      expect(wasRun()).toBe(false);
      expect(lstatSync(path).isFile() && readFileSync(path).equals(before)).toBe(true);
    }

    test.skipIf(lacking("root"))("one of another user, in a folder that all may write to", async () => {
      const path = installed();
      chmodSync(dirname(path), 0o1777);
      const wasRun = trap(path);
      chownSync(previousOf(path), 65534, 65534);
      await refused(path, wasRun);
    });

    test("one that others may change", async () => {
      const path = installed();
      const wasRun = trap(path);
      for (const mode of [0o757, 0o775]) {
        chmodSync(previousOf(path), mode);
        await refused(path, wasRun);
      }
    });

    test("a link that leads elsewhere", async () => {
      const path = installed();
      const elsewhere = join(tempFolder(), "program");
      const wasRun = trap(path, elsewhere);
      symlinkSync(elsewhere, previousOf(path));
      await refused(path, wasRun);
    });

    test.skipIf(lacking("root"))("nor is a lock of another user taken", async () => {
      const path = installed({ previous: "0.3.0" });
      const lock = join(dirname(path), ".auth-upgrade.lock");
      writeFileSync(lock, "");
      chownSync(lock, 65534, 65534);
      const ended = await upgrade(path, "--rollback");
      expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining(`${lock} belongs to another user`)]);
    });

    test("one that doesn't answer, or never ends to, is given up", async () => {
      for (const [script, reason] of [
        ["sleep 20", "SIGKILL"],
        ["cat /dev/zero", "SIG"],
        ["sleep 20 & echo auth 0.0.9", "something else"],
      ] as const) {
        const path = installed();
        writeFileSync(previousOf(path), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
        const ended = await upgrade(path, "--rollback");
        expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining(reason)]);
        expect(await versionOf(path)).toBe("0.1.0");
      }
    }, 60_000);
  },
);
