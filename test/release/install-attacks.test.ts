/** install.sh against servers, users, settings and machines that are not as it would like them. */
import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  authOf,
  install,
  PLATFORM,
  pretending,
  refuses,
  releaseServer,
  scriptAt,
  VERSION,
  without,
} from "../support/installer.ts";
import { lacking } from "../support/needs.ts";
import { run, tempFolder } from "../support/program.ts";

const server = releaseServer();
const script = scriptAt(server.url);
const ARCHIVE = `auth-${VERSION}-${PLATFORM}.tar.gz`;

/** With shorter waits. */
function impatient(): string {
  const path = join(tempFolder(), "install.sh");
  const text = readFileSync(script, "utf8")
    .replace("--retry 2", "--retry 0")
    .replace("--speed-time 30", "--speed-time 1")
    .replace("60 + $1 / 17000", "1");
  writeFileSync(path, text);
  return path;
}

describe.skipIf(lacking("linux-x64", "dash", "bash", "openssl"))("a server", () => {
  test("that sends without an end can't fill the disk: no byte more than a file may have is kept", async () => {
    const endless = new Uint8Array(1 << 16);
    let sent = 0;
    const stream = (): Response =>
      new Response(
        new ReadableStream({
          pull: (controller) => {
            sent += endless.length;
            if (sent > 64 << 20) controller.close();
            else controller.enqueue(endless);
          },
        }),
      );
    for (const [name, most] of [
      ["manifest.json", 1_000_000],
      [ARCHIVE, server.files.get(ARCHIVE)?.length],
    ] as const)
      for (const PATH of [process.env.PATH, without("curl")]) {
        sent = 0;
        server.answer = (path) => (path === name ? stream() : undefined);
        await refuses(script, `${name} has more than ${most} bytes`, [], { env: { PATH } });
        expect(sent).toBeLessThan(32 << 20);
      }
  }, 60_000);

  test("that sends a byte now and then isn't waited for", async () => {
    server.answer = () =>
      new Response(
        new ReadableStream({
          pull: async (controller) => {
            await Bun.sleep(200);
            controller.enqueue(new Uint8Array(1));
          },
        }),
      );
    for (const PATH of [process.env.PATH, without("curl")])
      await refuses(impatient(), "could not be downloaded", [], { env: { PATH } });
  }, 60_000);

  test("that is the network's login page is called that, and no forger", async () => {
    server.answer = () => new Response("<!doctype html><title>Welcome to our hotel</title>");
    expect(await refuses(script, "perhaps a page of this network")).not.toContain("Report this");
  });

  test("behind a proxy is reached by wget as well, which knows https_proxy alone", async () => {
    let asked = "";
    const proxy = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data(socket, bytes) {
          asked = bytes.toString().split("\r\n")[0] ?? "";
          socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
        },
      },
    });
    const env = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, PATH: without("curl") };
    const said = await refuses(scriptAt("https://releases.example/auth"), "could not be downloaded", [], { env });
    proxy.stop(true);
    expect([asked, said]).toEqual(["CONNECT releases.example:443 HTTP/1.1", expect.stringContaining("Bad Gateway")]);
  }, 60_000);
});

describe.skipIf(lacking("linux-x64", "dash", "openssl", "minisign"))("settings of the user's", () => {
  test("that change what curl, tar or grep print don't make a forgery of a release", async () => {
    const HOME = tempFolder();
    writeFileSync(join(HOME, ".curlrc"), "include\n");
    const env = { HOME, TAR_OPTIONS: "--verbose", GREP_OPTIONS: "--invert-match", LC_ALL: "tr_TR.UTF-8" };
    const { stderr, there } = await install(script, [], { env });
    expect([stderr, there]).toEqual(["", ["auth"]]);
  });

  test("an openssl that doesn't start says nothing of a signature: minisign is asked, or nothing is installed", async () => {
    const broken = "echo 'error while loading shared libraries' >&2; exit 127";
    await refuses(script, "neither openssl nor minisign runs here", [], {
      env: { PATH: pretending({ openssl: broken, minisign: broken }) },
    });
    const said = await refuses(script, "manifest.json.minisig is not there", [], {
      env: { PATH: pretending({ openssl: broken }) },
    });
    expect(said).not.toContain("Report this");
  });

  test("a program that is missing is named before anything is asked, and no check is left out for it", async () => {
    const newer = scriptAt(server.url, "9.0.0");
    for (const name of ["awk", "grep", "sed"])
      await refuses(newer, `${name} is missing`, [], { env: { PATH: without(name) } });
    await refuses(newer, "older than this script", [], { env: { PATH: without("sort") } });
  });

  test("a reader of its output that goes away leaves no file behind", async () => {
    const folder = join(tempFolder(), "bin");
    const TMPDIR = tempFolder();
    await run(["bash", "-c", 'dash "$0" --dir "$1" | true', script, folder], { env: { TMPDIR } });
    // It may have been quick enough to install.
    expect(
      readdirOf(folder)
        .filter((name) => name !== "auth")
        .concat(readdirOf(TMPDIR)),
    ).toEqual([]);
  });
});

describe.skipIf(lacking("linux-x64", "dash", "mounts", "openssl"))("a disk that is full", () => {
  test("is told before the download, and isn't called a forgery", async () => {
    const size = (kilobytes: number): Promise<string> =>
      run([
        "unshare",
        "--mount",
        "sh",
        "-c",
        `mount -t tmpfs -o size=${kilobytes}k none "$0" && dash "$1" --dir "$0"; ls -A "$0"`,
        tempFolder(),
        script,
      ]).then(({ stdout, stderr }) => `${stdout}${stderr}`);
    const said = await size(800);
    expect(said).toContain("There is no room in");
    expect(said).not.toContain("Report this");
    expect(server.asked).toEqual(["manifest.json", "manifest.json.sig"]);
    expect(await size(4000)).toContain(`Installed auth ${VERSION}`);
  });
});

describe.skipIf(lacking("linux-x64", "root", "setpriv", "dash", "openssl"))("another user", () => {
  test("who lays files of the installer's names in a shared folder doesn't get the program", async () => {
    const folder = tempFolder();
    chmodSync(folder, 0o1777);
    const lay = `umask 0; i=0; while [ $i -lt 3000 ]; do : >"$0/.auth-install.$(($$ + i))"; i=$((i + 1)); done`;
    await run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", lay, folder]);
    const { stderr } = await run(["dash", script, "--dir", folder]);
    const { uid, mode } = statSync(join(folder, "auth"));
    expect([stderr, uid, mode & 0o777]).toEqual(["", 0, 0o755]);
  });

  test("whose program lies there keeps it", async () => {
    const folder = tempFolder();
    chmodSync(folder, 0o1777);
    writeFileSync(join(folder, "auth"), authOf("0.1.0"), { mode: 0o755 });
    await run(["chown", "65534", join(folder, "auth")]);
    const { code, stderr } = await run(["dash", script, "--dir", folder]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("belongs to another user")]);
  });
});

describe.skipIf(lacking("linux-x64", "dash", "openssl"))("another installer's program", () => {
  test("npm's link is neither replaced nor removed", async () => {
    const prefix = tempFolder();
    mkdirSync(join(prefix, "bin"));
    mkdirSync(join(prefix, "lib"));
    writeFileSync(join(prefix, "lib", "auth.js"), authOf("0.1.0"), { mode: 0o755 });
    symlinkSync("../lib/auth.js", join(prefix, "bin", "auth"));
    for (const args of [[], ["--uninstall"]]) {
      const { code, stderr } = await run(["dash", script, "--dir", join(prefix, "bin"), ...args]);
      expect([code, stderr]).toEqual([1, expect.stringContaining("is a link")]);
    }
    expect(existsSync(join(prefix, "bin", "auth"))).toBe(true);
  });

  test.skipIf(lacking("bwrap"))("dpkg's is left to dpkg, whose command is named", async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, "auth"), authOf("0.1.0"), { mode: 0o755 });
    const list = join(tempFolder(), "auth.list");
    writeFileSync(list, `/.\n${folder}/auth\n`);
    const info = "/var/lib/dpkg/info";
    const bwrap = ["bwrap", "--dev-bind", "/", "/", "--tmpfs", info, "--ro-bind", list, `${info}/auth.list`];
    for (const args of [[], ["--uninstall"]]) {
      const { code, stderr } = await run([...bwrap, "dash", script, "--dir", `${folder}/`, ...args]);
      expect([code, stderr]).toEqual([1, expect.stringContaining("sudo apt-get remove auth")]);
    }
  });
});

function readdirOf(folder: string): string[] {
  return existsSync(folder) ? Array.from(new Bun.Glob("*").scanSync({ cwd: folder, dot: true, onlyFiles: false })) : [];
}
