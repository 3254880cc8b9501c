import { beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeBinary } from "../.ci/binary.ts";
import { AUTH, auth, compile, run, tempFolder } from "./support/program.ts";

/** A folder that takes over any program which reads its settings from its working directory. */
function hostileFolder(): { folder: string; marker: string } {
  const folder = tempFolder();
  const marker = join(folder, "was-run");
  const preload = join(folder, "preload.ts");
  writeFileSync(preload, `await Bun.write(${JSON.stringify(marker)}, "run");\nprocess.env.HOSTILE = "preloaded";\n`);
  writeFileSync(join(folder, "bunfig.toml"), `preload = [${JSON.stringify(preload)}]\n`);
  writeFileSync(join(folder, ".env"), `HOSTILE=from .env\nAUTH_HOME=${folder}/evil\n`);
  const paths = { citty: [preload], "auth/provider": [preload], valibot: [preload] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: { baseUrl: ".", paths } }));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "evil", imports: { "#x": preload }, preload }));
  mkdirSync(join(folder, "node_modules", "citty"), { recursive: true });
  writeFileSync(join(folder, "node_modules", "citty", "index.js"), readFileSync(preload));
  return { folder, marker };
}

describe("a hostile current folder", () => {
  let probe = "";
  beforeAll(async () => {
    probe = await compile("test/support/hostile-probe.ts");
  }, 60_000);

  test("takes over a program built with Bun's defaults (so that the next tests can fail)", async () => {
    const { folder, marker } = hostileFolder();
    const { stdout } = await run([probe], { cwd: folder });
    expect(stdout).not.toBe("untouched\n");
    expect(existsSync(marker)).toBe(true);
    expect(describeBinary(readFileSync(probe)).hardened).toBe(false);
  });

  test("does nothing to auth", async () => {
    const { folder, marker } = hostileFolder();
    const env = { HOME: join(folder, "home"), AUTH_HOME: undefined };
    for (const args of [["--version"], ["--help"], ["list", "--json"], ["token"], ["provider", "list"]]) {
      const { code } = await auth(args, { cwd: folder, env });
      expect([0, 2]).toContain(code ?? -1);
    }
    const stored = await auth(["login", "apikey:x", "--token", "-"], { cwd: folder, env, stdin: "sk-123456" });
    expect(stored.code).toBe(0);
    expect(existsSync(marker)).toBe(false);
    expect(existsSync(join(folder, "evil"))).toBe(false);
    expect(existsSync(join(folder, "home"))).toBe(true);
  });
});

test("the built binary is hardened, and of this platform", () => {
  const { arch, hardened } = describeBinary(readFileSync(AUTH));
  expect({ arch, hardened }).toEqual({ arch: process.arch as "x64" | "arm64", hardened: true });
});

test("each of the four switches is seen: one left out is not hardened", () => {
  const bytes = readFileSync(AUTH);
  const at = bytes.lastIndexOf("\n---- Bun! ----\n") - 4;
  const flags = bytes.readUInt32LE(at);
  for (const bit of [1, 2, 4, 8]) {
    bytes.writeUInt32LE((flags & ~bit) >>> 0, at);
    expect(describeBinary(bytes).hardened).toBe(false);
  }
});

test("a file that is no compiled program is refused", () => {
  expect(() => describeBinary(readFileSync("/bin/sh"))).toThrow("no compiled program");
  expect(() => describeBinary(Buffer.from("text"))).toThrow();
});

test("the binary needs nothing beside it: copied alone to an empty folder, it runs", async () => {
  const folder = tempFolder();
  const { code, stdout } = await run([
    "sh",
    "-c",
    `cp ${AUTH} ${folder}/auth && cd ${folder} && env -i HOME=${folder} ./auth --version`,
  ]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: (await auth(["--version"])).stdout });
});
