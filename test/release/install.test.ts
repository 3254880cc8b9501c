/** install.sh, from a server on this machine, in the shells that strangers have. */
import { beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  authOf,
  install,
  next,
  PLATFORM,
  PROGRAM,
  pretending,
  refuses,
  releaseServer,
  scriptAt,
  small,
  VERSION,
  without,
} from "../support/installer.ts";
import { lacking } from "../support/needs.ts";
import { AUTH, run, tempFolder } from "../support/program.ts";
import { makeRelease, newSigner } from "../support/release.ts";

const server = releaseServer();
const minisign = join(tempFolder(), "minisign");
const SHELLS = { dash: ["dash"], "busybox sh": ["busybox", "sh"], bash: ["bash", "--posix"] } as const;

let script = "";
beforeAll(async () => {
  if (lacking("minisign")) script = scriptAt(server.url);
  else {
    await run(["minisign", "-G", "-W", "-p", `${minisign}.pub`, "-s", `${minisign}.key`]);
    script = scriptAt(server.url, VERSION, readFileSync(`${minisign}.pub`, "utf8").split("\n")[1]);
  }
});

/** A server on a bare socket: it can be used as a proxy, and its replies can break off before their length. */
function onSocket(replyTo: (name: string) => { body: Uint8Array; length: number }) {
  return Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, bytes) {
        const [, name = ""] = /^GET \S*\/releases\/(\S+) /.exec(bytes.toString()) ?? [];
        const { body, length } = replyTo(name);
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`);
        socket.write(body);
        socket.end();
      },
    },
  });
}

describe.skipIf(lacking("linux-x64", "dash", "busybox", "bash", "minisign"))("install.sh", () => {
  for (const [name, shell] of Object.entries(SHELLS))
    test(`installs with ${name}, says how to get it on the PATH, and removes it`, async () => {
      const home = tempFolder();
      const env = { HOME: home, SHELL: "/bin/bash" };
      const ended = await run([...shell, script], { env });
      const path = join(home, ".local/bin/auth");
      expect(ended.stderr).toBe("");
      expect(ended.stdout).toContain(`Installed auth ${VERSION}: ${path}`);
      expect(ended.stdout).toContain("is not on your PATH yet");
      expect((await run([path, "--version"])).stdout).toBe(`auth ${VERSION}\n`);
      expect(readdirSync(dirname(path))).toEqual(["auth"]);
      expect(readdirSync(home)).toEqual([".local"]);

      const removed = await run([...shell, script, "--uninstall"], { env });
      expect([removed.code, readdirSync(dirname(path))]).toEqual([0, []]);
      expect((await run([...shell, script, "--uninstall"], { env })).code).toBe(1);
    });

  test("installs the real program, in the place of an older one", async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dir, "../../package.json"), "utf8"));
    server.files = makeRelease({ version, platform: PLATFORM, binary: readFileSync(AUTH), signer: next });
    const home = tempFolder();
    const path = join(home, ".local/bin/auth");
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, authOf("0.0.1"), { mode: 0o755 });
    const ended = await run(["dash", scriptAt(server.url, version)], {
      env: { HOME: home, PATH: `${dirname(path)}:${process.env.PATH}` },
    });
    expect(ended.stderr).toBe("");
    expect(ended.stdout).toContain("Begin with: auth login");
    expect((await run([path, "--version"])).stdout).toBe(`auth ${version}\n`);
  }, 60_000);

  test("by a pipe, with wget, and with minisign where openssl is missing", async () => {
    const manifest = join(tempFolder(), "manifest.json");
    writeFileSync(manifest, server.files.get("manifest.json") ?? "");
    const signed = await run(["minisign", "-S", "-s", `${minisign}.key`, "-m", manifest]);
    expect(signed.code).toBe(0);
    server.files.set("manifest.json.minisig", readFileSync(`${manifest}.minisig`));
    const PATH = without("openssl", "curl");
    const folder = join(tempFolder(), "bin");
    const ended = await run(["sh", "-s", "--", "--dir", folder], { env: { PATH }, stdin: readFileSync(script) });
    expect(ended.stderr).toBe("");
    expect(readdirSync(folder)).toEqual(["auth"]);
    expect(server.asked).not.toContain("manifest.json.sig");

    server.files.set("manifest.json", Buffer.from(`${server.files.get("manifest.json")} `));
    await refuses(script, "signature of manifest.json is wrong", [], { env: { PATH } });
  });

  test("a certain version is taken from its own folder, also once it has expired", async () => {
    const older = small({
      version: "0.1.5",
      binary: Buffer.from("#!/bin/sh\necho auth 0.1.5\n"),
      published: "2025-01-01T00:00:00Z",
      expires: "2026-01-01T00:00:00Z",
    });
    for (const [name, bytes] of older) server.files.set(`0.1.5/${name}`, bytes);
    const { stdout, there } = await install(script, ["--version", "v0.1.5"]);
    expect(stdout).toContain("Installed auth 0.1.5");
    expect(there).toEqual(["auth"]);
    await refuses(script, `There is no auth 0.1.6 at ${server.url}`, ["--version", "0.1.6"]);
    await refuses(script, "There is no auth 0.1.6", ["--version=0.1.6"], { env: { PATH: without("curl") } });
    for (const [name, bytes] of older) server.files.set(`0.1.7/${name}`, bytes);
    await refuses(script, "This is auth 0.1.5, not 0.1.7", ["--version", "0.1.7"]);
  });

  test("through a proxy", async () => {
    const asked: string[] = [];
    const proxy = onSocket((name) => {
      asked.push(name);
      const body = server.files.get(name) ?? new Uint8Array();
      return { body, length: body.length };
    });
    const away = scriptAt("http://127.0.0.1:1/releases");
    const folder = tempFolder();
    const env = { http_proxy: `http://127.0.0.1:${proxy.port}` };
    const ended = await run(["dash", away, "--dir", folder], { env });
    proxy.stop(true);
    expect(ended.stderr).toBe("");
    expect(readdirSync(folder)).toEqual(["auth"]);
    expect(asked).toEqual(["manifest.json", "manifest.json.sig", `auth-${VERSION}-${PLATFORM}.tar.gz`]);
  });

  test("--help says what it does; what it doesn't know is refused", async () => {
    expect((await run(["dash", script, "--help"])).stdout).toContain("--uninstall");
    const ended = await run(["dash", script, "--prefix", "/"]);
    expect([ended.code, ended.stderr]).toEqual([64, expect.stringContaining("There is no option --prefix.")]);
    expect((await run(["dash", script, "--dir"])).code).toBe(64);
  });
});

describe.skipIf(lacking("linux-x64", "dash"))("install.sh installs nothing", () => {
  test("when the signature is wrong, by another key, or missing", async () => {
    server.files.set("manifest.json", Buffer.from(`${server.files.get("manifest.json")} `));
    await refuses(script, "signature of manifest.json is wrong");
    server.files = small({ signer: newSigner() });
    await refuses(script, "signature of manifest.json is wrong");
    server.files = small();
    server.files.delete("manifest.json.sig");
    await refuses(script, "manifest.json.sig is not there");
    expect(server.asked.filter((name) => name.endsWith(".tar.gz"))).toEqual([]);
  });

  test("when the release has expired, is of another product, older than the script, or of the future", async () => {
    server.files = small({ published: "2025-01-01T00:00:00.000Z", expires: "2026-01-01T00:00:00.000Z" });
    await refuses(script, "to be trusted until 2026-01-01");
    server.files = small({ published: "2126-01-01T00:00:00.000Z", expires: "2127-01-01T00:00:00.000Z" });
    await refuses(script, "clock is before");
    server.files = small({ version: "0.1.9" });
    await refuses(script, "older than this script");
    server.files = small({ edit: (manifest) => Object.assign(manifest, { product: "other" }) });
    await refuses(script, "not a release of auth");
    server.files = small({ platform: "linux-arm64" });
    await refuses(script, "no auth for linux-x64");
  });

  test("when the archive is another, too short, or breaks off on its way", async () => {
    const name = `auth-${VERSION}-${PLATFORM}.tar.gz`;
    const archive = server.files.get(name) ?? new Uint8Array();
    const changed = new Uint8Array(archive);
    changed.set([(changed[40] ?? 0) ^ 1], 40);
    server.files.set(name, changed);
    await refuses(script, "not the file that was signed");
    server.files.set(name, archive.subarray(0, -5));
    await refuses(script, "only a part of it came");
    const breaking = onSocket((asked) => {
      const body = server.files.get(asked) ?? new Uint8Array();
      return {
        body: asked === name ? archive.subarray(0, 20) : body,
        length: asked === name ? archive.length : body.length,
      };
    });
    try {
      await refuses(scriptAt(`http://127.0.0.1:${breaking.port}/releases`), "could not be downloaded");
    } finally {
      breaking.stop(true);
    }
  }, 60_000);

  test("when the archive holds what it shouldn't, or another program", async () => {
    const folder = `auth-${VERSION}-${PLATFORM}`;
    server.files = small({ entries: [{ name: "evil", data: "x" }] });
    await refuses(script, "outside of its folder");
    server.files = small({ entries: [{ name: `${folder}/../evil`, data: "x" }] });
    await refuses(script, "outside of its folder");
    server.files = small({ link: true });
    await refuses(script, "holds a link");
    server.files = small({ entries: [{ name: `${folder}/auth`, data: PROGRAM.toString().replace("echo", "exec") }] });
    await refuses(script, "The program in");
    server.files = small({ binary: Buffer.from("#!/bin/sh\necho 'libfoo is missing' >&2; exit 127\n") });
    await refuses(script, "libfoo is missing");
  });

  test("over another program of that name", async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, "auth"), "#!/bin/sh\necho something else\n", { mode: 0o755 });
    for (const args of [[], ["--uninstall"]]) {
      const ended = await run(["dash", script, "--dir", folder, ...args]);
      expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining("another program")]);
      expect(ended.stderr).toContain(`rm ${folder}/auth`);
    }
    expect(readFileSync(join(folder, "auth"), "utf8")).toContain("something else");
  });

  test("without a verifier, or without anything to download with; nothing is asked for then", async () => {
    await refuses(script, "neither openssl nor minisign", [], { env: { PATH: without("openssl", "minisign") } });
    await refuses(script, "Neither curl nor wget", [], { env: { PATH: without("curl", "wget") } });
    expect(server.asked).toEqual([]);
  });

  test("from an address that isn't https", async () => {
    const ended = await run(["dash", scriptAt("http://releases.example"), "--dir", tempFolder()]);
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining("not https")]);
  });

  test("when it was cut off on its way", async () => {
    const whole = readFileSync(script, "utf8");
    const cut = whole.slice(0, whole.indexOf('main "$@"'));
    const folder = join(tempFolder(), "bin");
    const ended = await run(["dash", "-s", "--", "--dir", folder], { stdin: cut });
    expect([ended.code, existsSync(folder), server.asked]).toEqual([0, false, []]);
  });

  const STRANGE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "There is no auth for FreeBSD": { uname: "case $1 in -s) echo FreeBSD;; *) echo x86_64; esac" },
    "There is no auth for this processor (riscv64)": { uname: "case $1 in -s) echo Linux;; *) echo riscv64; esac" },
    "programs are 32-bit": { getconf: "echo 32" },
    "glibc 2.12": { getconf: "case $1 in LONG_BIT) echo 64;; *) echo glibc 2.12; esac" },
    "This is macOS 12.7.6": {
      uname: "case $1 in -s) echo Darwin;; *) echo x86_64; esac",
      sw_vers: "echo 12.7.6",
      sysctl: "echo 0",
    },
    "install.ps1": { uname: "case $1 in -s) echo MINGW64_NT-10.0;; *) echo x86_64; esac" },
  };
  for (const [words, programs] of Object.entries(STRANGE))
    test(`on a machine that can't run it: ${words}`, async () => {
      await refuses(script, words, [], { env: { PATH: pretending(programs) } });
      expect(server.asked).toEqual([]);
    });

  test("a Mac with an Apple processor gets its own build, also from a shell under Rosetta", async () => {
    const PATH = pretending({
      uname: "case $1 in -s) echo Darwin;; *) echo x86_64; esac",
      sw_vers: "echo 14.1",
      sysctl: "echo 1",
    });
    server.files = small({ platform: "darwin-arm64" });
    const { stdout, there } = await install(script, [], { env: { PATH } });
    expect(stdout).toContain("for darwin-arm64");
    expect(there).toEqual(["auth"]);
  });
});
