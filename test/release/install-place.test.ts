/** install.sh where auth, or something else, is there already; and the way to a PATH. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { authOf, PROGRAM, releaseServer, scriptAt, small, VERSION } from "../support/installer.ts";
import { lacking } from "../support/needs.ts";
import { AUTH, type Ended, run, tempFolder } from "../support/program.ts";

const server = releaseServer();
const script = scriptAt(server.url);

function folderWith(files: Readonly<Record<string, string>> = {}): string {
  const folder = tempFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o755 });
  return folder;
}

function inFolder(folder: string, ...args: string[]): Promise<Ended> {
  return run(["dash", script, "--dir", folder, ...args]);
}

const versionIn = async (folder: string, name = "auth"): Promise<string> =>
  (await run([join(folder, name), "--version"])).stdout.trim();

describe.skipIf(lacking("linux-x64", "dash", "busybox", "openssl"))(
  "one order of versions, Semantic Versioning's",
  () => {
    const ORDERED = [
      "0.9.0",
      "0.10.0-alpha",
      "0.10.0-alpha.1",
      "0.10.0-alpha.beta",
      "0.10.0-beta",
      "0.10.0-beta.2",
      "0.10.0-beta.11",
      "0.10.0-rc.1",
      "0.10.0-rc.1-x",
      "0.10.0",
      "0.10.1-1",
      "0.10.1",
      "1.0.0",
      "10.0.0",
    ];

    test.each(["dash", "busybox sh"])("install.sh orders as 'auth upgrade' does (%s)", async (name) => {
      const shell = name.split(" ");
      const functions = readFileSync(script, "utf8").replace('main "$@"\n', "");
      const pairs = ORDERED.flatMap((one) => ORDERED.map((other) => [one, other] as const));
      const asked = pairs.map(([one, other]) => `order ${one} ${other}`).join("\n");
      // Its own awk, where busybox has one.
      const awk = shell[0] === "busybox" ? 'awk() { busybox awk "$@"; }\n' : "";
      const { stdout } = await run([...shell, "-s"], { stdin: `${functions}\n${awk}${asked}\n` });
      const expected = pairs.map(([one, other]) => Math.sign(ORDERED.indexOf(one) - ORDERED.indexOf(other)));
      expect(stdout.trim().split("\n").map(Number)).toEqual(expected);
      expect(pairs.map(([one, other]) => Bun.semver.order(one, other) as number)).toEqual(expected);
    });

    test("a script of a release candidate takes the final release, and not the other way", async () => {
      const folder = folderWith();
      server.files = small({ version: "1.0.0", binary: Buffer.from(authOf("1.0.0")) });
      expect((await run(["dash", scriptAt(server.url, "1.0.0-rc.1"), "--dir", folder])).stderr).toBe("");
      expect(await versionIn(folder)).toBe("auth 1.0.0");
      server.files = small({ version: "1.0.0-rc.1", binary: Buffer.from(authOf("1.0.0-rc.1")) });
      const { code, stderr } = await run(["dash", scriptAt(server.url, "1.0.0"), "--dir", folderWith()]);
      expect([code, stderr]).toEqual([1, expect.stringContaining("older than this script")]);
    });
  },
);

describe.skipIf(lacking("linux-x64", "dash", "openssl"))("where auth is there already", () => {
  test("a newer one isn't replaced by an older release, unless that is named", async () => {
    const folder = folderWith({ auth: authOf("0.3.0") });
    const { code, stderr } = await inFolder(folder);
    expect([code, stderr]).toEqual([1, expect.stringContaining("auth 0.3.0, which is newer")]);
    expect(await versionIn(folder)).toBe("auth 0.3.0");
    for (const [name, bytes] of small()) server.files.set(`${VERSION}/${name}`, bytes);
    expect((await inFolder(folder, "--version", VERSION)).stderr).toBe("");
    expect(await versionIn(folder)).toBe(`auth ${VERSION}`);
  });

  test("the one that is replaced is kept for a rollback, not one of before", async () => {
    const folder = folderWith({ auth: authOf("0.1.5"), "auth.previous": authOf("0.1.0") });
    const { stdout, stderr } = await inFolder(folder);
    expect([stderr, stdout]).toEqual(["", expect.stringContaining("In the place of auth 0.1.5")]);
    expect(await versionIn(folder, "auth.previous")).toBe("auth 0.1.5");
    expect(readdirSync(folder).sort()).toEqual(["auth", "auth.previous"]);
  });

  test("the same one isn't downloaded again", async () => {
    const folder = folderWith({ auth: PROGRAM.toString() });
    const { code, stdout } = await inFolder(folder);
    expect([code, stdout]).toEqual([0, `auth ${VERSION} is there already: ${folder}/auth\n`]);
    expect(server.asked).toEqual(["manifest.json", "manifest.json.sig"]);
  });

  test("one that doesn't run here any more is replaced, and removed", async () => {
    const broken = "#!/nowhere\n# AUTH_KEY_COMMAND\n";
    const folder = folderWith({ auth: broken, "auth.previous": authOf("0.1.0") });
    expect((await inFolder(folder)).stderr).toBe("");
    expect([await versionIn(folder), await versionIn(folder, "auth.previous")]).toEqual([
      `auth ${VERSION}`,
      "auth 0.1.0",
    ]);
    writeFileSync(join(folder, "auth"), broken);
    expect((await inFolder(folder, "--uninstall")).code).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("the product as it is built is known by its bytes", async () => {
    const functions = readFileSync(script, "utf8").replace('main "$@"\n', "");
    const { stdout } = await run(["dash", "-s"], { stdin: `${functions}\nis_auth '${AUTH}' && echo known\n` });
    expect(stdout).toBe("known\n");
  });

  test("what is there isn't run before the release is checked", async () => {
    const ran = join(tempFolder(), "ran");
    const folder = folderWith({ auth: `#!/bin/sh\n# AUTH_KEY_COMMAND\necho >>'${ran}'\n` });
    server.files.set("manifest.json", Buffer.from(`${server.files.get("manifest.json")} `));
    expect((await inFolder(folder)).code).toBe(1);
    expect((await inFolder(folder, "--uninstall")).code).toBe(0);
    expect(await Bun.file(ran).exists()).toBe(false);
  });

  test("--uninstall takes along what killed upgrades left, and the previous one where that is all there is", async () => {
    const folder = folderWith({
      "auth.previous": authOf("0.1.0"),
      ".auth-0123456789ab": "half",
      ".authority": "not ours",
    });
    mkdirSync(join(folder, ".auth-install.Ab3dEf"));
    expect((await inFolder(folder, "--uninstall")).code).toBe(0);
    expect(readdirSync(folder)).toEqual([".authority"]);
    expect((await inFolder(folder, "--uninstall")).stderr).toContain("There is no");
  });
});

describe.skipIf(lacking("linux-x64", "dash", "bash", "zsh", "fish", "openssl"))("the way to the PATH", () => {
  test.each(["dash", "bash", "zsh", "fish"])(
    "the printed lines run as they are in %s, now and in new ones",
    async (shell) => {
      for (const name of ["bin", 'o\'b $(touch pwned) \\ "dir"']) {
        const home = tempFolder();
        const folder = join(home, name);
        const installed = await run(["dash", script, "--dir", folder], { env: { HOME: home, SHELL: `/bin/${shell}` } });
        const lines = installed.stdout.split("\n").filter((line) => line.startsWith("  "));
        expect(lines.length).toBe(shell === "fish" ? 1 : 2);
        const env = { HOME: home };
        const now = await run([shell, "-c", `${lines.join("\n")}\ncommand -v auth`], { env, cwd: home });
        expect([now.stderr, now.stdout]).toEqual(["", `${folder}/auth\n`]);
        const fresh = { dash: [". ~/.profile; command -v auth"], bash: ["-i"], zsh: ["-i"], fish: [] }[shell] ?? [];
        const args = shell === "dash" ? ["-c", ...fresh] : [...fresh, "-c", "command -v auth"];
        expect((await run([shell, ...args], { env, cwd: home })).stdout).toBe(`${folder}/auth\n`);
        expect(readdirSync(home)).not.toContain("pwned");
      }
    },
    60_000,
  );

  test("another auth that comes first is named", async () => {
    const [first, folder] = [folderWith({ auth: "#!/bin/sh\necho other\n" }), folderWith()];
    const env = { PATH: `${first}:${folder}/:${process.env.PATH}` };
    const { stdout } = await run(["dash", script, "--dir", folder], { env });
    expect(stdout).toContain(`Another auth comes first on your PATH: ${first}/auth`);
    expect(stdout).not.toContain("is not on your PATH");
  });

  test("a folder is taken as it was meant: =, ~, a slash at its end; an empty one is refused", async () => {
    const home = tempFolder();
    const env = { HOME: home, PATH: `${home}/x:${process.env.PATH}` };
    const { stdout } = await run(["dash", script, "--dir=~/x/"], { env });
    expect(stdout).toContain(`Installed auth ${VERSION}: ${home}/x/auth\nBegin with: auth login`);
    const empty = await run(["dash", script, "--dir", ""], { env });
    expect([empty.code, empty.stderr]).toEqual([64, expect.stringContaining("--dir needs a value")]);
    expect((await run(["dash", script, "--version", "latest"], { env })).code).toBe(64);
  });
});
