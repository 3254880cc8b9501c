/** The packages of a release: each installed from the built file where that can be done here, the others read. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parseTar } from "nanotar";
import { PLATFORMS } from "../../.ci/platforms.ts";
import { entry, tarGz } from "../../.ci/release/archive.ts";
import type { ReleaseFile } from "../../.ci/release/manifest.ts";
import { writePackages } from "../../.ci/release/packages/index.ts";
import { COMPLETIONS, shellFiles } from "../../.ci/release/shell-files.ts";
import { lacking } from "../support/needs.ts";
import { type Ended, run, tempFolder } from "../support/program.ts";

const VERSION = "0.2.0";
const SECONDS = 1_790_000_000;
const URL_OF_RELEASE = "https://releases.example/auth";

/** Stands in for the program: says how it was called, ends as it is told. */
const PROGRAM = `#!/bin/sh
if [ "$1" = exit ]; then exit "$2"; fi
if [ "$1" = trap ]; then
  trap 'echo got' INT
  echo ready
  for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1; done
  exit 0
fi
if [ "$1" = wait ]; then echo ready; exec sleep 30; fi
echo "auth ${VERSION}"
for word in "$@"; do echo "<$word>"; done
`;

let folder = "";
let files: ReleaseFile[] = [];

beforeAll(async () => {
  ({ folder, files } = await madeRelease());
});

async function madeRelease(): Promise<{ folder: string; files: ReleaseFile[] }> {
  const folder = tempFolder();
  const programOf = (platform: string) =>
    entry(
      platform.startsWith("windows-") ? "auth.exe" : "auth",
      platform === "linux-x64" ? PROGRAM : `the program for ${platform}`,
      true,
    );
  const files = PLATFORMS.map((platform): ReleaseFile => {
    const { path, bytes } = programOf(platform);
    const name = `auth-${VERSION}-${platform}${platform.startsWith("windows-") ? ".zip" : ".tar.gz"}`;
    return { platform, name, ...sumsOf(Buffer.from(name)), binary: { name: path, ...sumsOf(bytes) } };
  });
  writePackages({
    version: VERSION,
    url: URL_OF_RELEASE,
    files,
    programOf: ({ platform }) => programOf(platform),
    pages: ["README.md", "LICENSE", "THIRD-PARTY-LICENSES"].map((path) => entry(path, `${path}\n`)),
    shellFiles: await shellFiles(),
    folder,
    seconds: SECONDS,
  });
  return { folder, files };
}

function sumsOf(bytes: Uint8Array): { size: number; sha256: string } {
  return { size: bytes.length, sha256: new Bun.CryptoHasher("sha256").update(bytes).digest("hex") };
}

/** What npm would unpack. */
function filesIn(tarball: Uint8Array): Map<string, Uint8Array> {
  const files = parseTar(new Uint8Array(gunzipSync(tarball)));
  return new Map(files.map(({ name, data }) => [name.replace("package/", ""), data ?? new Uint8Array()]));
}

function read(name: string): Buffer {
  return readFileSync(join(folder, name));
}

test("the same release makes the same packages, bit for bit", async () => {
  const again = (await madeRelease()).folder;
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name !== "npm");
  expect(names.filter((name) => /^npm|\.(deb|rb|nix|json)$/.test(name)).length).toBe(PLATFORMS.length + 1 + 2 + 3);
  for (const name of names)
    expect({ name, same: read(name).equals(readFileSync(join(again, name))) }).toEqual({ name, same: true });
});

test("an archive ends as POSIX has it, whatever its size: with two blocks of zeros", () => {
  for (const size of [9728, 9216, 9000]) {
    const tar = gunzipSync(tarGz([{ path: "x", bytes: Buffer.alloc(size, 1), executable: false }], SECONDS));
    expect(tar.subarray(-1024).every((byte) => byte === 0)).toBe(true);
  }
});

test("each platform's npm package holds its program, whatever archive that came from", () => {
  for (const { platform, binary } of files) {
    const inside = filesIn(read(`npm/auth-cli-${platform}-${VERSION}.tgz`));
    expect(sumsOf(inside.get(`bin/${binary.name}`) ?? new Uint8Array()).sha256).toBe(binary.sha256);
    expect([...inside.keys()].sort()).toEqual([
      "LICENSE",
      "README.md",
      "THIRD-PARTY-LICENSES",
      `bin/${binary.name}`,
      "package.json",
    ]);
  }
});

describe.skipIf(lacking("linux-x64", "npm"))("npm", () => {
  let registry: ReturnType<typeof startRegistry>;
  beforeAll(() => {
    registry = startRegistry();
  });
  afterAll(() => registry.stop(true));

  /** What `npm publish` of each file would make of a registry. */
  function startRegistry() {
    const packages = new Map<string, { manifest: Record<string, unknown>; tarball: Buffer }>();
    for (const name of readdirSync(join(folder, "npm"))) {
      const tarball = read(`npm/${name}`);
      const manifest = JSON.parse(new TextDecoder().decode(filesIn(tarball).get("package.json")));
      packages.set(manifest.name, { manifest, tarball });
    }
    return Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: ({ url }) => {
        const path = decodeURIComponent(new URL(url).pathname.slice(1));
        const found = packages.get(path.replace(/\/-\/.*/, ""));
        if (found === undefined) return new Response("{}", { status: 404 });
        if (path.includes("/-/")) return new Response(new Uint8Array(found.tarball));
        const { manifest, tarball } = found;
        const integrity = `sha512-${new Bun.CryptoHasher("sha512").update(tarball).digest("base64")}`;
        const dist = { tarball: `${new URL(url).origin}/${path}/-/package.tgz`, integrity };
        return Response.json({
          name: path,
          "dist-tags": { latest: VERSION },
          versions: { [VERSION]: { ...manifest, dist } },
        });
      },
    });
  }

  async function npm(prefix: string): Promise<Ended> {
    const env = {
      HOME: prefix,
      npm_config_registry: `http://127.0.0.1:${registry.port}`,
      npm_config_cache: join(prefix, ".npm"),
    };
    const quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--ignore-scripts"];
    return run(["npm", "install", "--global", "--prefix", prefix, ...quiet, "auth-cli"], { env, cwd: prefix });
  }

  test("installs the launcher and this machine's program alone; arguments and exit codes pass through", async () => {
    const prefix = tempFolder();
    const ended = await npm(prefix);
    expect([ended.code, ended.stderr]).toEqual([0, ""]);
    const scope = join(prefix, "lib/node_modules/auth-cli/node_modules/@auth-cli");
    expect(readdirSync(scope)).toEqual(["linux-x64"]);
    const auth = join(prefix, "bin/auth");
    expect((await run([auth, "a b", "--", "$c"])).stdout).toBe(`auth ${VERSION}\n<a b>\n<-->\n<$c>\n`);
    expect((await run([auth, "exit", "7"])).code).toBe(7);
    expect(readFileSync(join(prefix, "share/man/man1/auth-token.1"), "utf8")).toStartWith(".TH AUTH-TOKEN 1");

    const child = Bun.spawn([auth, "wait"], { stdout: "pipe" });
    const reader = child.stdout.getReader();
    await reader.read();
    child.kill("SIGTERM");
    expect(await child.exited).toBe(143);
  }, 60_000);

  test("one Ctrl-C reaches the program once, not by the terminal and then by the launcher", async () => {
    const prefix = tempFolder();
    await npm(prefix);
    // Detached: in a process group of its own, as a terminal's foreground is.
    const child = spawn(join(prefix, "bin/auth"), ["trap"], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
    let said = "";
    for await (const text of child.stdout.setEncoding("utf8")) {
      said += text;
      if (said === "ready\n") process.kill(-(child.pid as number), "SIGINT");
    }
    expect(said).toBe("ready\ngot\n");
  }, 60_000);

  test("a program that may not be executed is told in words, whatever Node can do", async () => {
    const prefix = tempFolder();
    await npm(prefix);
    chmodSync(join(prefix, "lib/node_modules/auth-cli/node_modules/@auth-cli/linux-x64/bin/auth"), 0o644);
    const ended = await run([join(prefix, "bin/auth"), "--version"]);
    expect([ended.code, ended.stderr]).toEqual([126, expect.stringContaining("may not be executed")]);
  }, 60_000);

  test("without the platform's package it says what to do", async () => {
    const prefix = tempFolder();
    expect((await npm(prefix)).code).toBe(0);
    rmSync(join(prefix, "lib/node_modules/auth-cli/node_modules"), { recursive: true });
    const ended = await run([join(prefix, "bin/auth"), "--version"]);
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining("@auth-cli/linux-x64 is not installed")]);
  }, 60_000);
});

describe.skipIf(lacking("linux-x64", "root", "dpkg"))("Debian", () => {
  test("the package is installed and removed without a trace", async () => {
    const root = tempFolder();
    for (const path of ["var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers"])
      mkdirSync(join(root, path), { recursive: true });
    writeFileSync(join(root, "var/lib/dpkg/status"), "");
    const dpkg = (...args: string[]): Promise<Ended> =>
      run(["dpkg", `--root=${root}`, "--log=/dev/null", "--force-depends", "--force-architecture", ...args]);
    const installed = await dpkg("--install", join(folder, `auth_${VERSION}_amd64.deb`));
    expect([installed.code, installed.stdout]).toEqual([0, expect.stringContaining(`Setting up auth (${VERSION})`)]);
    expect((await run([join(root, "usr/bin/auth")])).stdout).toBe(`auth ${VERSION}\n`);
    expect(readFileSync(join(root, "usr/share/doc/auth/copyright"), "utf8")).toBe("LICENSE\n\nTHIRD-PARTY-LICENSES\n");
    const manual = gunzipSync(readFileSync(join(root, "usr/share/man/man1/auth-token.1.gz"))).toString();
    expect(manual).toStartWith(".TH AUTH-TOKEN 1");
    for (const [place, begins] of [
      ["bash-completion/completions/auth", "# Completion of auth for bash"],
      ["zsh/vendor-completions/_auth", "#compdef auth"],
      ["fish/vendor_completions.d/auth.fish", "# Completion of auth for fish"],
    ] as const)
      expect(readFileSync(join(root, "usr/share", place), "utf8")).toStartWith(begins);
    expect((await dpkg("--verify", "auth")).stdout).toBe("");
    expect((await dpkg("--purge", "auth")).code).toBe(0);
    expect(existsSync(join(root, "usr/bin/auth"))).toBe(false);
  });

  test("both packages name their architecture, and belong to root", async () => {
    for (const architecture of ["amd64", "arm64"]) {
      const path = join(folder, `auth_${VERSION}_${architecture}.deb`);
      expect((await run(["dpkg-deb", "--field", path, "Architecture", "Version"])).stdout).toBe(
        `Architecture: ${architecture}\nVersion: ${VERSION}\n`,
      );
      const { stdout } = await run(["dpkg-deb", "--contents", path]);
      expect(
        stdout
          .trim()
          .split("\n")
          .filter((line) => !/^[-d]rw[xr-]+ +root\/root /.test(line)),
      ).toEqual([]);
      expect(stdout).toContain("-rwxr-xr-x root/root");
    }
  });
});

describe("recipes", () => {
  const sumOf = (platform: string): string => files.find((file) => file.platform === platform)?.sha256 ?? "";

  test("Homebrew's formula and the Nix expression name each archive with its own sum", () => {
    for (const recipe of ["auth.rb", "auth.nix"]) {
      const text = read(recipe).toString();
      const found = [...text.matchAll(/url (?:= )?"([^"]+)";?\s+sha256 (?:= )?"([^"]+)"/g)].map(([, url, sum]) => [
        url,
        sum,
      ]);
      expect(found.sort()).toEqual(
        ["darwin-arm64", "darwin-x64", "linux-arm64", "linux-x64"].map((platform) => [
          `${URL_OF_RELEASE}/auth-${VERSION}-${platform}.tar.gz`,
          sumOf(platform),
        ]),
      );
    }
  });

  test("Homebrew's formula and the Nix expression install completions and manual pages that the archives have", async () => {
    const inside = (await shellFiles()).map(({ path }) => path);
    for (const recipe of ["auth.rb", "auth.nix"]) {
      const text = read(recipe).toString();
      for (const path of [COMPLETIONS.bash, COMPLETIONS.zsh, COMPLETIONS.fish]) {
        expect(text).toContain(path);
        expect(inside).toContain(path);
      }
      expect(text).toContain("man/*.1");
    }
    expect(inside.filter((path) => /^man\/[^/]+\.1$/.test(path)).length).toBeGreaterThan(15);
  });

  test("Scoop's manifest names both archives, their sums, and the folder in them", () => {
    const { version, architecture, bin } = JSON.parse(read("auth.json").toString());
    expect([version, bin]).toEqual([VERSION, "auth.exe"]);
    for (const [name, platform] of [
      ["64bit", "windows-x64"],
      ["arm64", "windows-arm64"],
    ] as const) {
      const inside = `auth-${VERSION}-${platform}`;
      expect(architecture[name]).toEqual({
        url: `${URL_OF_RELEASE}/${inside}.zip`,
        hash: sumOf(platform),
        extract_dir: inside,
      });
    }
  });
});
