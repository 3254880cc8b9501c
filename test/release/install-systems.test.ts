/** install.sh on systems that are put together for it: what is there, and what it takes for it. */
import { describe, expect, test } from "bun:test";
import { chmodSync, cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { releaseServer, scriptAt, small, VERSION } from "../support/installer.ts";
import { lacking } from "../support/needs.ts";
import { type Ended, run, tempFolder } from "../support/program.ts";
import { newSigner } from "../support/release.ts";

const server = releaseServer();
const script = scriptAt(server.url);

describe.skipIf(lacking("linux-x64", "bwrap", "busybox", "ldd"))("install.sh on a bare system", () => {
  /** A root with busybox and nothing else; openssl with its libraries where asked for. */
  async function bareRoot(
    openssl: "openssl" | "pretended" | "none",
    files: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const root = tempFolder();
    for (const folder of ["bin", "tmp", "proc", "dev", "root", "lib", "lib64", "usr/bin", "usr/lib"])
      mkdirSync(join(root, folder), { recursive: true });
    cpSync("/bin/busybox", join(root, "bin/busybox"), { dereference: true });
    const { stdout } = await run(["busybox", "--list"]);
    for (const name of stdout.trim().split("\n"))
      if (name !== "busybox") symlinkSync("busybox", join(root, "bin", name));
    if (openssl === "openssl") {
      const libraries = (await run(["ldd", "/usr/bin/openssl"])).stdout.matchAll(/(\/\S+) \(0x/g);
      for (const path of ["/usr/bin/openssl", ...[...libraries].map(([, path = ""]) => path)]) {
        mkdirSync(join(root, dirname(path)), { recursive: true });
        cpSync(path, join(root, path), { dereference: true });
      }
    }
    if (openssl === "pretended") writeFileSync(join(root, "bin/openssl"), "#!/bin/sh\nexit 0\n", { mode: 0o755 });
    for (const [path, text] of Object.entries(files)) writeFileSync(join(root, path), text, { mode: 0o755 });
    cpSync(script, join(root, "install.sh"));
    chmodSync(join(root, "install.sh"), 0o644);
    return root;
  }

  function within(root: string, ...args: string[]): Promise<Ended> {
    const bwrap = ["bwrap", "--bind", root, "/", "--dev", "/dev", "--unshare-pid", "--clearenv"];
    const env = ["--setenv", "PATH", "/bin:/usr/bin", "--setenv", "HOME", "/root"];
    return run([...bwrap, ...(args.length > 0 ? args : ["--proc", "/proc"]), ...env, "/bin/sh", "/install.sh"]);
  }

  test("with busybox, openssl and glibc it installs", async () => {
    const root = await bareRoot("openssl");
    const ended = await within(root);
    expect(ended.stderr).toBe("");
    expect(ended.stdout).toContain(`Installed auth ${VERSION}: /root/.local/bin/auth`);
    expect(readdirSync(join(root, "tmp"))).toEqual([]);
    server.files = small({ signer: newSigner() });
    expect((await within(root)).stderr).toContain("signature of manifest.json is wrong");
  });

  test("with musl it names the package that lacks, then takes the musl build", async () => {
    const root = await bareRoot("pretended", { "lib/ld-musl-x86_64.so.1": "" });
    const lacks = await within(root);
    expect([lacks.code, lacks.stderr]).toEqual([1, expect.stringContaining("apk add libstdc++")]);
    server.files = small({ platform: "linux-x64-musl" });
    writeFileSync(join(root, "usr/lib/libstdc++.so.6"), "");
    const ended = await within(root);
    expect([ended.code, ended.stderr, ended.stdout]).toEqual([0, "", expect.stringContaining("for linux-x64-musl")]);
  });

  test("Alpine with gcompat, whose loader lies where glibc's would, gets the musl build; glibc with musl beside it doesn't", async () => {
    const gcompat = await bareRoot("pretended", {
      "lib/ld-musl-x86_64.so.1": "",
      "usr/lib/libstdc++.so.6": "",
      "lib64/ld-linux-x86-64.so.2": "#!/bin/sh\nexit 127\n",
    });
    server.files = small({ platform: "linux-x64-musl" });
    expect((await within(gcompat)).stdout).toContain("for linux-x64-musl");
    const glibc = await bareRoot("openssl", { "lib/ld-musl-x86_64.so.1": "" });
    server.files = small();
    expect((await within(glibc)).stdout).toContain("for linux-x64 ");
  });

  test("without a C library, or a processor that is too old, it says so", async () => {
    const root = await bareRoot("none");
    expect((await within(root)).stderr).toContain("neither glibc nor musl");
    writeFileSync(join(root, "proc/cpuinfo"), "flags : fpu sse sse2 ssse3\n");
    expect((await within(root, "--ro-bind", join(root, "proc"), "/proc")).stderr).toContain("no SSE4.2");
  });
});
