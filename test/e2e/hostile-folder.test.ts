/**
 * Started in a folder with hostile settings, `auth` does what it does anywhere (DESIGN.md §4). The same folder takes
 * over a program built with Bun's defaults: RULES.md 6.7.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hostileFolder, type Trap } from "../support/hostile-folder.ts";
import { type LoggedIn, loggedIn, PROVIDER } from "../support/logged-in.ts";
import { auth, compile, type Ended, run, tempFolder } from "../support/program.ts";
import { type Recorder, startRecorder } from "../support/recorder.ts";
import { filesUnder } from "../support/stock.ts";

let proxy: Recorder;
let at: LoggedIn;
beforeAll(async () => {
  proxy = startRecorder();
  at = await loggedIn({}, null);
});
afterAll(async () => {
  proxy.stop();
  await at.stop();
});

function trap(): Trap {
  return hostileFolder(tempFolder(), proxy.url);
}

async function ok(ended: Promise<Ended>): Promise<Ended> {
  const { code, stdout, stderr } = await ended;
  if (code !== 0) throw new Error(`exit ${code}\n${stdout}\n${stderr}`);
  return ended;
}

describe("a program built with Bun's defaults, in that folder", () => {
  test("has its variables set by .env and runs the folder's code, so that the next tests can fail", async () => {
    const probe = await compile("test/support/hostile-probe.ts");
    const { folder, marker } = trap();
    expect((await run([probe], { cwd: folder })).stdout).toBe("preloaded\n");
    expect(readFileSync(marker, "utf8")).toContain("run");
    expect((await run([probe], { cwd: tempFolder() })).stdout).toBe("untouched\n");
  }, 60_000);

  test("one that may read only .env has its variables set", async () => {
    const outfile = join(tempFolder(), "probe");
    const flags = ["--compile", "--no-compile-autoload-bunfig", "--outfile", outfile];
    await ok(run([process.execPath, "build", join(import.meta.dir, "..", "support", "hostile-probe.ts"), ...flags]));
    expect((await run([outfile], { cwd: trap().folder })).stdout).toBe("from .env\n");
  }, 60_000);
});

describe("auth, in that folder", () => {
  test("logs in, hands over, refreshes and logs out as anywhere else", async () => {
    const { folder, marker, files } = trap();
    const call = (...args: string[]): Promise<Ended> => ok(at.call(args, { cwd: folder }));

    await call("login", PROVIDER, ...at.places, "--quiet");
    expect(at.issuer.server.calls.map(({ form }) => form.get("client_id"))).not.toContain("evil-client");
    expect((await call("status", PROVIDER)).stdout).not.toContain("environment");
    const token = (await call("token", PROVIDER)).stdout.trim();
    expect(at.issuer.isLive(token)).toBe(true);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's
    const script = 'printf "%s %s" "$SENTRY_AUTH_TOKEN" "${HOSTILE-unset}${HTTP_PROXY-}${AUTH_HOME#$HOME/}"';
    expect((await call("run", PROVIDER, "--", "sh", "-c", script)).stdout).toBe(`${token} unsetauth`);
    await call("refresh", PROVIDER, "--force");
    for (const args of [
      ["--version"],
      ["--help"],
      ["list"],
      ["get", PROVIDER, "--field", "account"],
      ["export", PROVIDER],
      ["inspect", PROVIDER],
      ["provider", "list"],
      ["provider", "show", PROVIDER],
      ["client", "list"],
      ["profile", "list"],
      ["vault", "status"],
      ["vault", "rekey"],
      ["use", PROVIDER],
      ["logout", PROVIDER],
    ])
      await call(...args);

    expect(existsSync(marker)).toBe(false);
    expect(filesUnder(folder)).toEqual([...files]);
    expect(proxy.connections()).toBe(0);
  }, 60_000);

  test("keeps its home where it is without AUTH_HOME too", async () => {
    const { folder, files } = trap();
    const env = { AUTH_HOME: undefined, HOME: tempFolder() };
    await ok(auth(["login", "apikey:x", "--token", "-"], { cwd: folder, env, stdin: "sk-123456" }));
    expect(filesUnder(folder)).toEqual([...files]);
    expect(filesUnder(env.HOME).some((path) => path.endsWith("vault.db"))).toBe(true);
  });

  test("as a home folder itself: nothing in it is run either", async () => {
    const { folder, marker } = trap();
    const env = { AUTH_HOME: undefined, HOME: folder };
    await ok(auth(["login", "apikey:x", "--token", "-"], { cwd: folder, env, stdin: "sk-123456" }));
    await ok(auth(["token", "apikey:x"], { cwd: folder, env }));
    expect(existsSync(marker)).toBe(false);
    expect(existsSync(join(folder, "evil"))).toBe(false);
  });
});
