import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { faultsOf } from "../.ci/binary-faults.ts";
import { blankSwitches, runtimesFor, SWITCHES, switchesIn } from "../.ci/runtime.ts";
import { CERTIFICATES } from "./platform/certificates.ts";
import { hostileValue, scriptFolder } from "./support/hostile-switches.ts";
import { lacking } from "./support/needs.ts";
import { AUTH, compile, type Ended, run, tempFolder } from "./support/program.ts";

async function tried(
  command: readonly string[],
  env: Record<string, string>,
  folder: string,
): Promise<Ended & { files: string[] }> {
  const ended = await run(command, { env: { ...env, HOME: join(folder, "home") } });
  return {
    ...ended,
    files: readdirSync(folder)
      .filter((name) => name !== "home")
      .sort(),
  };
}

const CALLS = [["list"], ["-e", "await Bun.write('was-run', '')"]];

describe("a switch of Bun", () => {
  for (const name of SWITCHES) {
    test(`${name} changes nothing`, async () => {
      for (const args of CALLS) {
        const folder = scriptFolder();
        const plain = await tried([AUTH, ...args], {}, folder);
        expect(await tried([AUTH, ...args], { [name]: hostileValue(name, folder) }, folder)).toEqual(plain);
      }
    });
  }
});

test("a channel between Node and a command of auth run reaches the command, both ways", async () => {
  const command = `process.on("message", (text) => process.send("heard " + text, () => process.disconnect()));`;
  const caller = `
    const args = ["run", "--quiet", "--allow-none", "--", process.execPath, "-e", ${JSON.stringify(command)}];
    const child = require("node:child_process").spawn(process.argv[1], args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    child.on("message", (text) => console.log(text));
    child.send("hello");`;
  expect(await run(["node", "-e", caller, AUTH])).toMatchObject({ code: 0, stdout: "heard hello\n", stderr: "" });
});

test.skipIf(lacking("linux", "strip"))(
  "a stripped binary is auth still, not a bare Bun",
  async () => {
    for (const option of ["--strip-all", "--strip-debug"]) {
      const folder = tempFolder();
      writeFileSync(join(folder, "package.json"), JSON.stringify({ scripts: { list: "touch was-run" } }));
      const stripped = join(folder, "auth");
      expect((await run(["strip", option, "-o", stripped, AUTH])).code).toBe(0);
      expect((await run([stripped, "--version"])).stdout).toMatch(/^auth \d/);
      await run([stripped, "list"], { cwd: folder });
      expect(existsSync(join(folder, "was-run"))).toBe(false);
    }
  },
  60_000,
);

describe("a program that asks for nothing itself", () => {
  let server: Bun.Server<undefined>;
  let address = "";
  let plain = "";
  let blanked = "";
  beforeAll(async () => {
    server = Bun.serve({ port: 0, hostname: "localhost", tls: CERTIFICATES.good, fetch: () => new Response("hello") });
    address = `https://localhost:${server.port}/`;
    plain = await compile("test/support/switches-probe.ts");
    const [runtime] = runtimesFor([null]);
    blanked = await compile("test/support/switches-probe.ts", `--compile-executable-path=${runtime}`);
  }, 60_000);
  afterAll(() => server?.stop(true));

  test("with Bun's own runtime is taken over by them (so that the next test can fail)", async () => {
    const folder = scriptFolder();
    const script = join(folder, "script.ts");
    expect((await run([plain, address], { env: { NODE_TLS_REJECT_UNAUTHORIZED: "0" } })).stdout).toBe(
      "accepted hello\n",
    );
    const verbose = { BUN_CONFIG_VERBOSE_FETCH: "curl", NODE_TLS_REJECT_UNAUTHORIZED: "0" };
    expect((await run([plain, address], { env: verbose })).stderr).toContain("probe-secret");
    expect((await run([plain, "-p", "1+1"], { env: { BUN_BE_BUN: "1" } })).stdout).toBe("2\n");
    await run([plain, address], { env: { BUN_OPTIONS: `--preload=${script}` } });
    expect(existsSync(join(folder, "was-run"))).toBe(true);
  });

  test("with ours checks certificates, prints no request and runs no other code", async () => {
    const refused = await run([blanked, address]);
    expect(refused.stdout).toMatch(/^[A-Z_]*CERT[A-Z_]*\n$/);
    const folder = scriptFolder();
    writeFileSync(join(folder, "ca.pem"), CERTIFICATES.good.cert);
    for (const name of SWITCHES) {
      const ended = await tried([blanked, address], { [name]: hostileValue(name, folder) }, folder);
      expect({ name, ...ended }).toEqual({ name, ...refused, files: ["ca.pem", "script.ts"] });
    }
    const trusted = await run([blanked, address], {
      env: { NODE_EXTRA_CA_CERTS: join(folder, "ca.pem"), BUN_CONFIG_VERBOSE_FETCH: "curl" },
    });
    expect(trusted).toMatchObject({ stdout: "accepted hello\n", stderr: "" });
  }, 60_000);

  test("that crashes names no server that a report could go to", async () => {
    const crashing = Bun.spawn([AUTH, "login", "apikey:x", "--token", "-"], {
      stdin: "pipe",
      stderr: "pipe",
      env: { HOME: tempFolder(), PATH: "/usr/bin:/bin" },
    });
    await Bun.sleep(500);
    crashing.kill("SIGSEGV");
    const said = await crashing.stderr.text();
    expect(said).toContain("Segmentation fault");
    expect(said).not.toContain("bun.report");
  });
});

test("a binary in which one switch is left isn't released", () => {
  const bytes = readFileSync(AUTH);
  bytes.write("\0BUN_BE_BUN\0", 900_000);
  expect(faultsOf("linux-x64", bytes).join()).toContain("switches of Bun: BUN_BE_BUN");
});

test("another Bun, which doesn't know a switch, isn't used", () => {
  expect(() => blankSwitches(Buffer.from("BUN_BE_BUN"))).toThrow("doesn't know");
  expect(switchesIn(blankSwitches(readFileSync(process.execPath)))).toEqual([]);
});
