import { describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Home, newHome } from "./home.ts";

const main = join(import.meta.dir, "keychain-actor.ts");
const tools = ["dbus-run-session", "gnome-keyring-daemon"].filter((tool) => Bun.which(tool) === null);
/** CI has what it takes, and must not pass without it. */
const real = process.platform === "linux" && (tools.length === 0 || process.env.CI === "true");

/** Runs steps in a session with a keyring of its own: unlocked, locked (no password given), or none. */
async function inSession(home: Home, keyring: "unlocked" | "locked", steps: string[]): Promise<string[]> {
  const runtime = join(home.folder, "run");
  mkdirSync(runtime, { recursive: true, mode: 0o700 });
  const start = {
    unlocked: "printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null",
    locked: "gnome-keyring-daemon --start --components=secrets >/dev/null",
  }[keyring];
  const script = `${start}\nexec "$@"`;
  const child = Bun.spawn(["dbus-run-session", "--", "bash", "-c", script, "bash", process.execPath, main, ...steps], {
    env: {
      PATH: process.env.PATH,
      HOME: home.folder,
      XDG_RUNTIME_DIR: runtime,
      AUTH_HOME: home.folder,
    },
    stdout: "pipe",
    stderr: "ignore",
  });
  const text = await child.stdout.text();
  await child.exited;
  return text.trim().split("\n");
}

describe.skipIf(!real)(
  `the keychain${real ? "" : ` (skipped: ${tools.join(", ") || process.platform} missing)`}`,
  () => {
    test("holds a new vault's key by default; no key file is made", async () => {
      using home = newHome();
      const lines = await inSession(home, "unlocked", ["create", "open", "entries", "status"]);
      expect(lines[0]).toContain("keychain");
      const id = lines[1];
      expect(id).toMatch(/^[0-9a-f]{32}$/);
      expect(lines[2]).toBe(id ?? "");
      expect(lines[3]).toBe("there");
      expect(lines[4]).toBe("keychain");
      expect([...new Bun.Glob("key").scanSync({ cwd: home.folder })]).toEqual([]);
    }, 60_000);

    test("missing later leaves the vault locked: never a new key, nothing changed", async () => {
      using home = newHome();
      await inSession(home, "unlocked", ["create"]);
      const before = readFileSync(home.file);
      const lines = await inSession(home, "unlocked", ["forget", "open", "create"]);
      expect(lines[1]).toStartWith("vault_locked");
      expect(lines[2]).toStartWith("vault_locked");
      expect(readFileSync(home.file)).toEqual(before);
    }, 60_000);

    test("rekeyed has one entry again, the new one, which opens", async () => {
      using home = newHome();
      const lines = await inSession(home, "unlocked", ["create", "entries", "rekey", "entries", "open"]);
      expect(lines.slice(2)).toEqual(["there", "2 keychain", "gone there", lines[1] ?? ""]);
    }, 60_000);

    test("left for a key file, keeps no entry", async () => {
      using home = newHome();
      const lines = await inSession(home, "unlocked", ["create", "entries", "rekey-file", "entries", "open"]);
      expect(lines.slice(2)).toEqual(["there", "2 file", "gone gone", lines[1] ?? ""]);
    }, 60_000);

    test("that is locked makes a new vault fall back to a key file, and says so", async () => {
      using home = newHome();
      const lines = await inSession(home, "locked", ["create", "status"]);
      expect(lines[0]).toContain(home.key);
      expect(lines[2]).toBe("file");
    }, 60_000);
  },
);

describe.skipIf(process.platform !== "linux")("a keychain that never answers", () => {
  /** A session bus that accepts and stays silent. */
  async function withSilentBus(home: Home, steps: string[]): Promise<string[]> {
    const path = join(home.folder, "bus");
    const server = Bun.listen({ unix: path, socket: { data() {} } });
    const child = Bun.spawn([process.execPath, main, ...steps], {
      env: {
        PATH: process.env.PATH,
        HOME: home.folder,
        AUTH_HOME: home.folder,
        DBUS_SESSION_BUS_ADDRESS: `unix:path=${path}`,
      },
      stdout: "pipe",
      stderr: "ignore",
    });
    const lines = (await child.stdout.text()).trim().split("\n");
    await child.exited;
    server.stop(true);
    return lines;
  }

  test("is given up after its limit: a new vault falls back to a key file", async () => {
    using home = newHome();
    const lines = await withSilentBus(home, ["create", "status"]);
    expect(lines[0]).toContain(home.key);
    expect(lines[2]).toBe("file");
  }, 60_000);

  test.skipIf(!real)(
    "leaves a vault that it should open locked",
    async () => {
      using home = newHome();
      await inSession(home, "unlocked", ["create"]);
      const [line] = await withSilentBus(home, ["open"]);
      expect(line).toStartWith("vault_locked The system's keychain didn't answer within 3 seconds.");
    },
    60_000,
  );
});
