/** `auth upgrade`, from one real binary to another: what it replaces, and what it refuses to. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { managerOf } from "../../src/release/managers.ts";
import { lacking } from "../support/needs.ts";
import { auth, bareEnvironment, type Ended, run, tempFolder } from "../support/program.ts";
import { compileVersion, type Files, makeRelease, newSigner, startReleaseServer } from "../support/release.ts";

const PLATFORM = "linux-x64";
const OLD = "0.1.0";
const NEW = "0.2.0";

const signer = newSigner();
const next = newSigner();
const server = startReleaseServer();
const release = { url: server.url, keys: [signer.publicKey, next.publicKey], platform: PLATFORM };
let older = "";
let newer = "";
let newerBytes: Uint8Array;
let published: Files;

beforeAll(async () => {
  if (lacking("linux-x64")) return;
  [older, newer] = await Promise.all([compileVersion(OLD, release), compileVersion(NEW, release)]);
  newerBytes = readFileSync(newer);
  published = makeRelease({ version: NEW, platform: PLATFORM, binary: newerBytes, signer });
}, 60_000);
afterAll(() => server.stop());
beforeEach(() => {
  server.files = published;
  server.answer = () => undefined;
  server.asked.length = 0;
});

/** A program of its own at `<folder>/auth`. */
function installed(program: string, folder = join(tempFolder(), "bin")): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "auth");
  linkSync(program, path);
  return path;
}

async function versionOf(path: string): Promise<string> {
  return (await run([path, "--version"])).stdout.trim();
}

/** A release of a few bytes, where the program itself doesn't matter. */
function small(changes: Partial<Parameters<typeof makeRelease>[0]> = {}): Files {
  return makeRelease({ version: NEW, platform: PLATFORM, binary: Buffer.from("#!/bin/sh\n"), signer, ...changes });
}

/** The older version refuses, with this code and these words, and nothing in its folder has changed. */
async function refuses(code: string, exitCode: number, words: string, path = installed(older)): Promise<void> {
  const before = readdirSync(dirname(path));
  const ended = await run([path, "upgrade", "--json"]);
  const { error } = JSON.parse(ended.stderr);
  expect({ code: error.code, exit: ended.code }).toEqual({ code, exit: exitCode });
  expect(error.message).toContain(words);
  expect(readdirSync(dirname(path))).toEqual(before);
  expect(await versionOf(path)).toBe(`auth ${OLD}`);
}

describe.skipIf(lacking("linux-x64"))("upgrade", () => {
  test("replaces the program by the newest release, keeps the one before, and goes back to it", async () => {
    const path = installed(older);
    const ended = await run([path, "upgrade", "--json"]);
    expect(ended.stderr).toBe("");
    const previous = join(dirname(path), "auth.previous");
    expect(JSON.parse(ended.stdout)).toEqual({ upgraded: true, from: OLD, to: NEW, path, previous });
    expect(await versionOf(path)).toBe(`auth ${NEW}`);
    expect(await versionOf(previous)).toBe(`auth ${OLD}`);
    expect(readdirSync(dirname(path)).sort()).toEqual(["auth", "auth.previous"]);

    expect((await run([path, "upgrade"])).stderr).toContain(`auth ${NEW} is the newest release.`);
    const asked = server.asked.length;
    expect((await run([path, "upgrade", "--rollback"])).stderr).toContain(`Went back from auth ${NEW} to ${OLD}.`);
    expect(server.asked.length).toBe(asked);
    expect([await versionOf(path), await versionOf(previous)]).toEqual([`auth ${OLD}`, `auth ${NEW}`]);
    expect(readdirSync(dirname(path)).sort()).toEqual(["auth", "auth.previous"]);
  }, 60_000);

  test("--check says whether there is a newer one, and changes nothing", async () => {
    const path = installed(older);
    const ended = await run([path, "upgrade", "--check", "--json"]);
    expect(JSON.parse(ended.stdout)).toEqual({ current: OLD, newest: NEW, newer: true });
    expect((await run([path, "upgrade", "--check"])).stdout).toContain("Run: auth upgrade");
    expect((await run([installed(newer), "upgrade", "--check", "--json"])).stdout).toContain('"newer": false');
    expect(readdirSync(dirname(path))).toEqual(["auth"]);
    expect(server.asked.filter((name) => !name.startsWith("manifest.json"))).toEqual([]);
  });

  test("no other command asks for a release", async () => {
    const path = installed(older);
    for (const args of [["--version"], ["list"], ["doctor", "--offline"]]) await run([path, ...args]);
    expect(server.asked).toEqual([]);
  });

  test("a running older version goes on, also with parts that it loads only later", async () => {
    const path = installed(older);
    const env = bareEnvironment();
    const child = Bun.spawn([path, "login", "apikey:here", "--token", "-", "--no-verify"], {
      env,
      stdin: "pipe",
      stderr: "pipe",
    });
    await Bun.sleep(300);
    expect((await run([path, "upgrade"])).code).toBe(0);
    child.stdin.write("key-of-a-test-that-is-long-enough");
    child.stdin.end();
    expect([await child.stderr.text(), await child.exited]).toEqual([expect.stringContaining("apikey:here"), 0]);
    expect((await run([path, "token", "apikey:here"], { env })).stdout).toBe("key-of-a-test-that-is-long-enough\n");
  }, 60_000);

  test("what a link leads to is replaced, not the link", async () => {
    const path = installed(older);
    const link = join(tempFolder(), "auth");
    symlinkSync(path, link);
    expect((await run([link, "upgrade"])).code).toBe(0);
    expect([await versionOf(link), await versionOf(path)]).toEqual([`auth ${NEW}`, `auth ${NEW}`]);
  }, 60_000);

  test("a redirect to another address is followed: the signature counts, not the place", async () => {
    const path = installed(older);
    server.answer = (name) =>
      name.startsWith("elsewhere/")
        ? new Response(published.get(name.slice("elsewhere/".length)) as Uint8Array<ArrayBuffer>)
        : Response.redirect(`${server.url}/elsewhere/${name}?signed=1`, 302);
    expect((await run([path, "upgrade"])).code).toBe(0);
    expect(await versionOf(path)).toBe(`auth ${NEW}`);
  }, 60_000);
});

describe.skipIf(lacking("linux-x64"))("what is refused, with nothing changed", () => {
  test("a manifest signed by another key", async () => {
    server.files = small({ signer: newSigner() });
    await refuses("release_untrusted", 9, "not signed by a key");
  });

  test("a manifest that was changed after it was signed", async () => {
    const manifest = Buffer.from(published.get("manifest.json") ?? "");
    server.files = new Map([...published, ["manifest.json", Buffer.from(`${manifest} `)]]);
    await refuses("release_untrusted", 9, "not signed by a key");
  });

  test("a network's sign-in page, which is called one and no forgery", async () => {
    server.answer = () => new Response("<!doctype html><title>Welcome to our Wi-Fi</title>");
    await refuses("network", 5, "describes no release");
  });

  test("a program that was started by its loader: the loader is not replaced", async () => {
    const path = installed(older);
    const loader = join(dirname(path), "ld.so");
    copyFileSync("/lib64/ld-linux-x86-64.so.2", loader);
    const before = readFileSync(loader);
    for (const args of [["upgrade"], ["upgrade", "--rollback"]]) {
      copyFileSync(older, join(dirname(path), "ld.so.previous"));
      const ended = await run([loader, path, ...args]);
      expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining("doesn't run here as a version of auth")]);
    }
    expect(readFileSync(loader).equals(before)).toBe(true);
    expect(server.asked).toEqual([]);
  });

  test("a signature that is missing", async () => {
    server.files = new Map([...published].filter(([name]) => !name.endsWith(".sig")));
    await refuses("network", 5, "HTTP 404");
  });

  test("a manifest of another product, of another form, or that names a file elsewhere", async () => {
    for (const edit of [
      (manifest: Record<string, unknown>) => Object.assign(manifest, { product: "other" }),
      (manifest: Record<string, unknown>) => Object.assign(manifest, { version: "newest" }),
      (manifest: Record<string, unknown>) =>
        Object.assign((manifest.files as object[])[0] as object, { name: "../auth.tar.gz" }),
    ]) {
      server.files = small({ edit });
      await refuses("release_untrusted", 9, "a way that this program doesn't know");
    }
  });

  test("a release that has expired, and one that is published later than this machine's clock", async () => {
    server.files = small({ expires: "2026-01-01T00:00:00Z", published: "2025-01-01T00:00:00Z" });
    await refuses("release_untrusted", 9, "2026-01-01T00:00:00Z");
    server.files = small({ published: "2126-01-01T00:00:00Z", expires: "2127-01-01T00:00:00Z" });
    await refuses("release_untrusted", 9, "clock");
  });

  test("an archive that is another one, or cut off", async () => {
    const name = `auth-${NEW}-${PLATFORM}.tar.gz`;
    const archive = published.get(name) ?? new Uint8Array();
    const changed = new Uint8Array(archive);
    changed.set([1], changed.length >> 1);
    for (const bytes of [changed, archive.subarray(0, -1), new Uint8Array()]) {
      server.files = new Map([...published, [name, bytes]]);
      await refuses("release_untrusted", 9, "not the file that was signed");
    }
  }, 60_000);

  test("an archive with a path that leads out of its folder, or a link, signed or not", async () => {
    const folder = `auth-${NEW}-${PLATFORM}`;
    for (const name of [`${folder}/../../evil`, "/etc/evil", "evil"]) {
      server.files = small({ entries: [{ name, data: "x" }] });
      await refuses("release_untrusted", 9, "outside of its folder");
    }
    server.files = small({ link: true });
    await refuses("release_untrusted", 9, "it holds a symbolicLink");
  });

  test("a program that is not the one that was signed, and one that doesn't start here", async () => {
    const folder = `auth-${NEW}-${PLATFORM}`;
    server.files = small({ entries: [{ name: `${folder}/auth`, data: "another" }] });
    await refuses("release_untrusted", 9, "the program that was signed");
    server.files = small({ binary: Buffer.from("#!/bin/sh\nexit 3\n") });
    await refuses("upgrade_unavailable", 1, "exit code 3");
  });

  test("a release without this platform", async () => {
    server.files = small({ platform: "plan9-arm64" });
    await refuses("upgrade_unavailable", 1, "not published for linux-x64");
  });

  test("a downgrade: what is offered is older, which is said, and nothing is done", async () => {
    const path = installed(newer);
    server.files = small({ version: OLD });
    const ended = await run([path, "upgrade", "--json"]);
    expect([ended.code, JSON.parse(ended.stdout)]).toEqual([0, { upgraded: false, from: NEW, to: NEW, newest: OLD }]);
    expect((await run([path, "upgrade"])).stderr).toContain(`auth ${NEW} is newer than the newest release, ${OLD}.`);
    expect(await versionOf(path)).toBe(`auth ${NEW}`);
  });

  test("--rollback without a previous version", async () => {
    const path = installed(older);
    const ended = await run([path, "upgrade", "--rollback"]);
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining("There is no previous version")]);
  });

  test("a program that a package manager installed: its command is named", async () => {
    const folder = tempFolder();
    for (const [place, command] of [
      ["Cellar/auth/0.1.0/bin", "brew upgrade auth"],
      ["lib/node_modules/@auth-cli/linux-x64/bin", "npm install --global"],
    ] as const) {
      const path = installed(older, join(folder, place));
      await refuses("upgrade_unavailable", 1, "belongs to", path);
      expect(server.asked).toEqual([]);
      expect((await run([path, "upgrade"])).stderr).toContain(command);
      expect((await run([path, "upgrade", "--check"])).stdout).toContain(command);
      server.asked.length = 0;
    }
  });

  test("each package manager is known by where it puts programs, and named by its own command", () => {
    const home = "/home/me";
    const packages = "node_modules/@auth-cli/linux-x64/bin/auth";
    for (const [path, name, way] of [
      ["/nix/store/abc-auth-0.1.0/bin/auth", "Nix", "auth.nix"],
      ["/opt/homebrew/Cellar/auth/0.1.0/bin/auth", "Homebrew", "brew upgrade auth"],
      ["C:\\Users\\me\\scoop\\apps\\auth\\current\\auth.exe", "Scoop", "scoop update auth"],
      ["D:\\tools\\apps\\auth\\0.1.0\\auth.exe", "Scoop", "scoop update auth"],
      [`${home}/.local/share/mise/installs/auth/0.1.0/bin/auth`, "mise", "mise upgrade"],
      [`${home}/.asdf/installs/auth/0.1.0/bin/auth`, "asdf", "asdf install auth latest"],
      [`${home}/.volta/tools/image/packages/auth-cli/lib/${packages}`, "Volta", "volta install auth-cli@latest"],
      [`${home}/.local/share/pnpm/global/5/.pnpm/x/${packages}`, "pnpm", "pnpm add --global auth-cli@latest"],
      [`${home}/.bun/install/global/${packages}`, "Bun", "bun add --global auth-cli@latest"],
      [`${home}/.config/yarn/global/${packages}`, "Yarn", "yarn global add auth-cli@latest"],
      [`${home}/.npm/_npx/1a2b/${packages}`, "npx", "npx auth-cli@latest"],
      [`/usr/local/lib/${packages}`, "npm", "npm install --global auth-cli@latest"],
      ["C:\\Users\\me\\AppData\\Roaming\\npm\\node_modules\\x\\auth.exe", "npm", "npm install --global"],
      [`${home}/project/${packages}`, `the packages of ${home}/project`, "that folder's"],
      [`${home}/project/node_modules/.pnpm/x/${packages}`, `the packages of ${home}/project`, "that folder's"],
    ] as const) {
      expect(managerOf(path)).toEqual({ name, way: expect.stringContaining(way) });
    }
    for (const path of [`${home}/.local/bin/auth`, "/usr/local/bin/auth", "C:\\Users\\me\\apps\\auth.exe"])
      expect(managerOf(path)).toBeNull();
  });

  test.skipIf(lacking("bwrap"))("a program that dpkg installed", async () => {
    const path = installed(older);
    const list = join(tempFolder(), "auth.list");
    writeFileSync(list, `/.\n${path}\n`);
    const info = "/var/lib/dpkg/info";
    const bwrap = ["bwrap", "--dev-bind", "/", "/", "--tmpfs", info, "--ro-bind", list, `${info}/auth.list`];
    const ended = await run([...bwrap, path, "upgrade"]);
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining("belongs to dpkg")]);
    expect(readdirSync(dirname(path))).toEqual(["auth"]);
  });

  test("a build from a clone has no place to upgrade from, and says so", async () => {
    const ended = await auth(["upgrade", "--check"]);
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining("no place to upgrade from")]);
  });
});

describe.skipIf(lacking("linux-x64", "root", "setpriv"))("what isn't ours to change", () => {
  const asNobody = (...command: string[]): Promise<Ended> =>
    run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", ...command]);

  /** A folder that another user can reach. */
  function open(): string {
    const path = installed(older);
    for (let folder = dirname(path); folder !== "/"; folder = dirname(folder)) {
      if (folder.startsWith("/tmp/")) chmodSync(folder, 0o755);
    }
    return path;
  }

  test("a program of another user", async () => {
    const path = open();
    const ended = await asNobody(path, "upgrade");
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining("belongs to another user")]);
    expect(ended.stderr).toContain(`sudo ${path} upgrade\n`);
    expect((await asNobody(path, "upgrade", "--rollback")).stderr).toContain(`sudo ${path} upgrade --rollback\n`);
    expect(server.asked).toEqual([]);
    expect(readdirSync(dirname(path))).toEqual(["auth"]);
  }, 60_000);

  test("a folder that can't be written", async () => {
    const path = installed(copyOf(older));
    chownSync(path, 65534, 65534);
    for (let folder = dirname(path); folder.startsWith("/tmp/"); folder = dirname(folder)) chmodSync(folder, 0o755);
    const ended = await asNobody(path, "upgrade");
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining("permission denied")]);
    expect(server.asked).toEqual([]);
    expect(readdirSync(dirname(path))).toEqual(["auth"]);
  }, 60_000);

  test.skipIf(lacking("mounts"))(
    "a full disk",
    async () => {
      const folder = tempFolder();
      const size = Math.ceil((newerBytes.length * 1.5) / 1024);
      const script = `mount -t tmpfs -o size=${size}k none "$0" && cp "$1" "$0/auth" && "$0/auth" upgrade; echo "exit $?"; ls -A "$0"; "$0/auth" --version`;
      const ended = await run(["unshare", "--mount", "sh", "-c", script, folder, older]);
      expect(ended.stdout).toBe(`exit 1\nauth\nauth ${OLD}\n`);
      expect(ended.stderr).toContain("the disk is full");
    },
    60_000,
  );

  function copyOf(program: string): string {
    const path = join(tempFolder(), "copy");
    Bun.spawnSync(["cp", program, path]);
    expect(existsSync(path)).toBe(true);
    return path;
  }
});
