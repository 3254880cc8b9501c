import { beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { createHash, generateKeyPairSync } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { entry, tarGz, zip } from "../../.ci/release/archive.ts";
import { assemble, namesIn, sumAndSign } from "../../.ci/release/assemble.ts";
import { fillScript } from "../../.ci/release/fill.ts";
import { type Keys, releaseKeys } from "../../.ci/release/keys.ts";
import { without as pathWithout } from "../support/installer.ts";
import { lacking } from "../support/needs.ts";
import { tempFolder } from "../support/program.ts";

const NOW = Math.floor(Date.now() / 1000) - 60;
const LINUX = "auth-9.8.7-linux-x64.tar.gz";
const WINDOWS = "auth-9.8.7-windows-x64.zip";

/** A release of two small files that stand for programs. */
function release(keys: Keys, seconds = NOW, folder = join(tempFolder(), "release")): string {
  const binaries = tempFolder();
  for (const [platform, name] of [
    ["linux-x64", "auth"],
    ["windows-x64", "auth.exe"],
  ] as const) {
    mkdirSync(join(binaries, platform));
    writeFileSync(join(binaries, platform, name), `the program for ${platform}\n`.repeat(1000));
  }
  assemble({
    version: "9.8.7",
    commit: "0".repeat(40),
    platforms: ["linux-x64", "windows-x64"],
    binaries,
    pages: [entry("README.md", "Read me.\n")],
    shellFiles: [],
    documents: { "sbom.cdx.json": "{}\n", "verify.sh": verifyScript(keys) },
    keys,
    url: "https://example.test/auth",
    seconds,
    folder,
  });
  return folder;
}

function verifyScript({ publicKeys, minisign }: Keys): string {
  const template = readFileSync(join(import.meta.dir, "..", "..", ".ci", "release", "verify.sh"), "utf8");
  return fillScript(template, { url: "", version: "", keys: publicKeys, minisignKey: minisign.publicKey });
}

/** @param shell and its arguments */
function verify(folder: string, shell = ["sh"], PATH = process.env.PATH): { code: number | null; said: string } {
  const [command = "sh", ...args] = shell;
  const { status, stdout, stderr } = spawnSync(command, [...args, join(folder, "verify.sh"), folder], {
    encoding: "utf8",
    env: { ...process.env, PATH },
  });
  return { code: status, said: `${stdout}${stderr}` };
}

describe.skipIf(lacking("openssl", "minisign", "unzip", "busybox"))("what a stranger checks of a download", () => {
  let keys: Keys;
  let whole = "";
  beforeAll(async () => {
    keys = releaseKeys({}, join(tempFolder(), "keys"));
    whole = release(keys);
  });

  function changed(change: (folder: string) => void, PATH = process.env.PATH): ReturnType<typeof verify> {
    const folder = join(tempFolder(), "release");
    cpSync(whole, folder, { recursive: true });
    change(folder);
    return verify(folder, ["sh"], PATH);
  }

  /** The archive of a platform replaced by another, and everything signed again by the right key. */
  function signedAgain(folder: string, name: string, archive: Uint8Array): void {
    const manifest = readFileSync(join(folder, "manifest.json"), "utf8");
    const before = createHash("sha256")
      .update(readFileSync(join(folder, name)))
      .digest("hex");
    const after = createHash("sha256").update(archive).digest("hex");
    writeFileSync(join(folder, name), archive);
    writeFileSync(join(folder, "manifest.json"), manifest.replace(before, after));
    sumAndSign(folder, keys, NOW);
  }

  function flip(path: string): void {
    const bytes = readFileSync(path);
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    writeFileSync(path, bytes);
  }

  test("an untouched release passes, in sh, in bash and in busybox", () => {
    for (const shell of [["sh"], ["bash", "--posix"], ["busybox", "sh"]]) {
      const { code, said } = verify(whole, shell);
      expect({ said, code }).toEqual({ said: expect.stringContaining("2 archives, each with its program"), code: 0 });
      expect(said).toContain("auth 9.8.7 of commit 0000000");
    }
  });

  test("one signed by the next key passes as well", async () => {
    const folder = tempFolder();
    const next = generateKeyPairSync("ec", { namedCurve: "P-256" });
    writeFileSync(join(folder, "next.pem"), next.publicKey.export({ format: "pem", type: "spki" }));
    const [signing, secret] = [join(folder, "release.pem"), join(folder, "minisign.key")];
    writeFileSync(signing, keys.signing.export({ format: "pem", type: "pkcs8" }));
    spawnSync("minisign", ["-G", "-W", "-f", "-s", secret, "-p", join(folder, "minisign.pub")]);
    const env = {
      AUTH_RELEASE_KEY: signing,
      AUTH_RELEASE_MINISIGN_KEY: secret,
      AUTH_RELEASE_NEXT_KEY: join(folder, "next.pem"),
    };
    const both = releaseKeys(env, folder);
    expect(readFileSync(join(folder, "minisign.pub"), "utf8").split("\n")[1]).toBe(both.minisign.publicKey);
    expect(both.throwAway).toBe(false);
    const made = release({ ...both, signing: next.privateKey });
    expect(verify(made)).toMatchObject({ code: 0 });
    expect(() => releaseKeys({ AUTH_RELEASE_KEY: signing }, folder)).toThrow("set all of them, or none");
  });

  test.each(["manifest.json", "SHA256SUMS", "manifest.json.sig", "manifest.json.minisig"])(
    "a byte changed in %s is found",
    (name) => {
      expect(changed((folder) => flip(join(folder, name)))).toMatchObject({
        code: 1,
        said: expect.stringContaining("signature of"),
      });
    },
  );

  test.each([LINUX, WINDOWS, "sbom.cdx.json", "npm/auth-cli-9.8.7.tgz"])("a byte changed in %s is found", (name) => {
    const { code, said } = changed((folder) => flip(join(folder, name)));
    expect({ code, said }).toEqual({ code: 1, said: expect.stringContaining(`${name} was changed`) });
  });

  test("a missing file, one too many, and a link are found", () => {
    expect(changed((folder) => rmSync(join(folder, WINDOWS)))).toMatchObject({
      code: 1,
      said: expect.stringContaining(`missing: ${WINDOWS}`),
    });
    expect(changed((folder) => rmSync(join(folder, "manifest.json.sig"))).said).toContain(
      "manifest.json.sig is missing",
    );
    const more = changed((folder) => writeFileSync(join(folder, "npm", "more.tgz"), ""));
    expect(more).toMatchObject({ code: 1, said: expect.stringContaining("not part of the release: npm/more.tgz") });
    expect(changed((folder) => symlinkSync("/etc/passwd", join(folder, "x")))).toMatchObject({
      code: 1,
      said: expect.stringContaining("links"),
    });
  });

  test("one signed by somebody else is refused", async () => {
    const other = release(releaseKeys({}, join(tempFolder(), "keys")));
    writeFileSync(join(other, "verify.sh"), verifyScript(keys));
    expect(verify(other)).toMatchObject({ code: 1, said: expect.stringContaining("signed by somebody else") });
  });

  test("one that has expired, or is of tomorrow, is refused", async () => {
    const old = release(keys, NOW - 401 * 86_400);
    expect(verify(old)).toMatchObject({
      code: 1,
      said: expect.stringContaining("all of it is right, but it expired on"),
    });
    const early = release(keys, NOW + 86_400);
    expect(verify(early)).toMatchObject({ code: 1, said: expect.stringContaining("set the clock") });
  });

  test("another product's is refused", () => {
    const { code, said } = changed((folder) => {
      const manifest = readFileSync(join(folder, "manifest.json"), "utf8").replace(
        '"product":"auth"',
        '"product":"other"',
      );
      writeFileSync(join(folder, "manifest.json"), manifest);
      sumAndSign(folder, keys, NOW);
    });
    expect({ code, said }).toEqual({ code: 1, said: expect.stringContaining("no release of auth") });
  });

  test("an archive that would write outside of its folder is refused, even when it is signed", () => {
    for (const path of ["auth-9.8.7-linux-x64/../../evil", "/etc/evil", "evil"]) {
      const entries = [{ path, bytes: Buffer.from("x"), executable: true }];
      const outside = expect.stringContaining("outside of its folder");
      const tar = changed((folder) => signedAgain(folder, LINUX, tarGz(entries, NOW)));
      expect({ path, ...tar }).toEqual({ path, code: 1, said: outside });
      const zipped = changed((folder) => signedAgain(folder, WINDOWS, zip(entries, NOW)));
      expect({ path, ...zipped }).toEqual({ path, code: 1, said: outside });
    }
  });

  test("an archive with a link, or with another program, is refused, even when it is signed", () => {
    const folder = tempFolder();
    const place = join(folder, "auth-9.8.7-linux-x64");
    mkdirSync(place);
    symlinkSync("/bin/sh", join(place, "auth"));
    spawnSync("tar", ["-czf", join(folder, "x.tgz"), "-C", folder, "auth-9.8.7-linux-x64"]);
    const linked = changed((release) => signedAgain(release, LINUX, readFileSync(join(folder, "x.tgz"))));
    expect(linked).toMatchObject({ code: 1, said: expect.stringContaining("holds a link") });
    const other = [{ path: "auth-9.8.7-linux-x64/auth", bytes: Buffer.from("other"), executable: true }];
    const replaced = changed((release) => signedAgain(release, LINUX, tarGz(other, NOW)));
    expect(replaced).toMatchObject({ code: 1, said: expect.stringContaining("isn't the one that the manifest names") });
  });

  test("one file that was downloaded is checked by itself, with the signed sums beside it", () => {
    const folder = tempFolder();
    for (const name of ["verify.sh", "SHA256SUMS", "SHA256SUMS.sig", LINUX, "npm/auth-cli-9.8.7.tgz"])
      cpSync(join(whole, name), join(folder, name.replace("npm/", "")));
    const check = (...files: string[]) => spawnSync("sh", ["verify.sh", ...files], { cwd: folder, encoding: "utf8" });
    const right = check(LINUX, "auth-cli-9.8.7.tgz", "verify.sh");
    expect([right.status, right.stdout]).toEqual([0, `✓ ${LINUX}\n✓ auth-cli-9.8.7.tgz\n✓ verify.sh\n`]);
    writeFileSync(join(folder, "other"), "");
    expect(check("other").stderr).toContain("no file of this release");
    flip(join(folder, LINUX));
    expect(check(LINUX)).toMatchObject({ status: 1, stderr: expect.stringContaining("was changed") });
    flip(join(folder, "SHA256SUMS"));
    expect(check("verify.sh")).toMatchObject({ status: 1, stderr: expect.stringContaining("signature of SHA256SUMS") });
    expect(check("missing").stderr).toContain("there is no missing");
  });

  test("signatures that were not looked at are not called right: minisign's, without minisign", () => {
    const { code, said } = changed((folder) => {
      for (const name of ["manifest.json", "SHA256SUMS"]) writeFileSync(join(folder, `${name}.minisig`), "garbage");
    }, pathWithout("minisign"));
    expect({ code, said }).toEqual({ code: 0, said: expect.stringContaining("not looked at, for want of minisign") });
  });

  test("busybox and openssl are enough", () => {
    const PATH = tempFolder();
    symlinkSync(Bun.which("openssl") as string, join(PATH, "openssl"));
    const busybox = Bun.which("busybox") as string;
    for (const name of spawnSync(busybox, ["--list"], { encoding: "utf8" }).stdout.trim().split("\n"))
      symlinkSync(busybox, join(PATH, name));
    const { status, stdout, stderr } = spawnSync(busybox, ["sh", join(whole, "verify.sh")], {
      encoding: "utf8",
      env: { PATH },
    });
    expect([status, stderr, stdout]).toEqual([0, "", expect.stringContaining("2 archives")]);
  });

  test("a CDPATH doesn't lead to another folder of that name", () => {
    const elsewhere = tempFolder();
    mkdirSync(join(elsewhere, "release"));
    const env = { ...process.env, CDPATH: elsewhere };
    const script = join(whole, "verify.sh");
    const { status } = spawnSync("sh", [script, "release"], { cwd: join(whole, ".."), encoding: "utf8", env });
    expect(status).toBe(0);
  });

  test("the manifest is checked by openssl and minisign alone", () => {
    const pem = join(tempFolder(), "key.pem");
    writeFileSync(pem, keys.publicKeys[0]);
    const manifest = join(whole, "manifest.json");
    const openssl = spawnSync("openssl", [
      "dgst",
      "-sha256",
      "-verify",
      pem,
      "-signature",
      `${manifest}.sig`,
      manifest,
    ]);
    expect(openssl.stdout.toString()).toBe("Verified OK\n");
    expect(spawnSync("minisign", ["-V", "-P", keys.minisign.publicKey, "-m", manifest]).status).toBe(0);
  });
});

test("the same parts make the same files, but for the signatures", async () => {
  const keys = releaseKeys({}, join(tempFolder(), "keys"));
  const [one, other] = [release(keys), release(keys)];
  const names = namesIn(one);
  expect(namesIn(other)).toEqual(names);
  for (const name of names.filter((found) => !/\.(sig|minisig)$/.test(found))) {
    expect({ name, same: readFileSync(join(one, name)).equals(readFileSync(join(other, name))) }).toEqual({
      name,
      same: true,
    });
  }
});

test("archives say nothing of who made them, when or where", () => {
  const entries = [
    { path: "b", bytes: Buffer.from("two"), executable: false },
    { path: "a", bytes: Buffer.from("one"), executable: true },
  ];
  for (const archive of [tarGz, zip]) {
    expect(archive(entries, NOW).equals(archive(entries.toReversed(), NOW))).toBe(true);
  }
  const folder = tempFolder();
  writeFileSync(join(folder, "x.tar.gz"), tarGz(entries, 86_400));
  const listed = spawnSync("tar", ["-tvzf", join(folder, "x.tar.gz")], {
    encoding: "utf8",
    env: { ...process.env, TZ: "UTC" },
  });
  expect(listed.stdout).toMatch(
    /^-rwxr-xr-x root\/root +3 1970-01-02 00:00 a\n-rw-r--r-- root\/root +3 1970-01-02 00:00 b\n$/,
  );
});
