/** What `npm run release` makes, in the hands of those who take it: install.sh, `auth upgrade`, verify.sh. */
import { afterAll, describe, expect, test } from "bun:test";
import { linkSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { entry } from "../../.ci/release/archive.ts";
import { commandLine, publishedAt } from "../../.ci/release/asked.ts";
import { assemble, namesIn } from "../../.ci/release/assemble.ts";
import { fillScript } from "../../.ci/release/fill.ts";
import { derOf, releaseKeys } from "../../.ci/release/keys.ts";
import { manifestOf } from "../../.ci/release/manifest.ts";
import { shellFiles } from "../../.ci/release/shell-files.ts";
import { lacking } from "../support/needs.ts";
import { run, tempFolder } from "../support/program.ts";
import { compileVersion, startReleaseServer } from "../support/release.ts";

describe.skipIf(lacking("linux-x64", "dash", "openssl"))("the files that one command makes", () => {
  const server = startReleaseServer();
  afterAll(() => server.stop());

  test("are verified, installed by install.sh, and taken by 'auth upgrade' of the version before", async () => {
    const keys = releaseKeys({}, join(tempFolder(), "keys"));
    const from = { url: server.url, keys: keys.publicKeys.map(derOf), platform: "linux-x64" };
    const [older, newer] = await Promise.all(["0.1.0", "0.2.0"].map((version) => compileVersion(version, from)));
    const binaries = tempFolder();
    mkdirSync(join(binaries, "linux-x64"));
    linkSync(newer as string, join(binaries, "linux-x64", "auth"));
    const folder = join(tempFolder(), "release");
    const filling = { url: server.url, version: "0.2.0", keys: keys.publicKeys, minisignKey: keys.minisign.publicKey };
    const script = (name: string): string =>
      fillScript(readFileSync(join(import.meta.dir, "../../.ci/release", name), "utf8"), filling);
    assemble({
      version: "0.2.0",
      commit: "0".repeat(40),
      platforms: ["linux-x64"],
      binaries,
      pages: [entry("README.md", "Read me.\n")],
      shellFiles: await shellFiles(),
      documents: { "install.sh": script("install.sh"), "verify.sh": script("verify.sh") },
      keys,
      url: server.url,
      seconds: Math.floor(Date.now() / 1000) - 60,
      folder,
    });
    for (const name of namesIn(folder)) server.files.set(name, readFileSync(join(folder, name)));

    expect((await run(["sh", join(folder, "verify.sh")])).stderr).toBe("");
    const listed = (await run(["tar", "-tzf", join(folder, "auth-0.2.0-linux-x64.tar.gz")])).stdout.split("\n");
    for (const file of ["completions/auth.bash", "completions/_auth", "completions/auth.fish", "man/auth-token.1"])
      expect(listed).toContain(`auth-0.2.0-linux-x64/${file}`);
    const installed = join(tempFolder(), "bin");
    expect((await run(["dash", join(folder, "install.sh"), "--dir", installed])).stderr).toBe("");
    expect((await run([join(installed, "auth"), "--version"])).stdout).toBe("auth 0.2.0\n");
    const upgraded = join(tempFolder(), "auth");
    linkSync(older as string, upgraded);
    const ended = await run([upgraded, "upgrade"]);
    expect([ended.code, ended.stderr]).toEqual([0, expect.stringContaining("0.2.0")]);
    expect((await run([upgraded, "--version"])).stdout).toBe("auth 0.2.0\n");
  }, 120_000);
});

describe("a maintainer's slip is told, not released", () => {
  test("a mistyped platform or option makes no release of all platforms", () => {
    expect(() => commandLine(["linux-x46"])).toThrow("There is no linux-x46");
    expect(() => commandLine(["linux-x64", "--chek"])).toThrow("There is no --chek");
    expect(commandLine(["linux-x64", "--check"])).toEqual({ named: ["linux-x64"], check: true });
  });

  test("scripts for Windows PowerShell 5.1 are plain ASCII, which it reads wherever it is", () => {
    const text = readFileSync(join(import.meta.dir, "../../.ci/release/install.ps1"), "latin1");
    expect([...text].filter((character) => character > "~")).toEqual([]);
  });

  test("an address that no installer would take", () => {
    for (const url of ["http://example.com/auth", "example.com", "http://localhost.example/auth"])
      expect(() => publishedAt({ AUTH_RELEASE_URL: url }, true)).toThrow("https address");
    expect(() => publishedAt({}, false)).toThrow("it is not set");
    expect(publishedAt({ AUTH_RELEASE_URL: "https://example.com/auth/" }, false)).toBe("https://example.com/auth");
  });

  test("a version that installers would order differently", () => {
    for (const version of ["1.0", "01.0.0", "1.0.0-", "1.0.0-a..b", "1.0.0+build", "v1.0.0", "newest"])
      expect(() => manifestOf(version, "", 0, [])).toThrow("Semantic Versioning");
    expect(manifestOf("1.0.0-rc.1", "", 0, []).version).toBe("1.0.0-rc.1");
  });

  test("keys without a next one, by which programs could never be told of another", async () => {
    const folder = tempFolder();
    releaseKeys({}, folder);
    const AUTH_RELEASE_KEY = join(folder, "release.pem");
    const AUTH_RELEASE_MINISIGN_KEY = join(folder, "minisign.key");
    expect(() => releaseKeys({ AUTH_RELEASE_KEY, AUTH_RELEASE_MINISIGN_KEY }, folder)).toThrow("set all of them");
    const same = { AUTH_RELEASE_KEY, AUTH_RELEASE_MINISIGN_KEY, AUTH_RELEASE_NEXT_KEY: AUTH_RELEASE_KEY };
    expect(() => releaseKeys(same, folder)).toThrow("are one key");
  });

  test("a damaged minisign key, whose signatures nobody could check", () => {
    const folder = tempFolder();
    releaseKeys({}, folder);
    const path = join(folder, "minisign.key");
    const [comment, key = ""] = readFileSync(path, "utf8").split("\n");
    const bytes = Buffer.from(key, "base64");
    bytes[70] = (bytes[70] ?? 0) ^ 1;
    writeFileSync(path, `${comment}\n${bytes.toString("base64")}\n`);
    expect(() => releaseKeys({}, folder)).toThrow("its halves differ");
  });
});
