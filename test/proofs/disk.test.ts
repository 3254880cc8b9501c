/**
 * A disk that is full, read-only or broken. Where a reply could not be kept, nothing is sent; where it fails after
 * sending, the caller still gets the token, and it is kept wherever it can be.
 */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Link } from "../issuers/chain.ts";
import type { FaultyIssuer } from "../issuers/faulty.ts";
import { lacking } from "../support/needs.ts";
import type { Ended } from "../support/program.ts";
import { LOGIN, type ProofHome, withProofHome } from "./proof-home.ts";

const EXPIRED = -1000;
/** Due, and alive. */
const LIVING = 60_000;
const TOKEN = ["token", LOGIN, "--json"];

/** Nothing was sent, nothing is lost: exit 8 in words for an expired token, a warning for one that lives. */
async function nothingSent(order: Parameters<ProofHome["run"]>[1]): Promise<void> {
  await withProofHome(async (home) => {
    const { issuer } = home;
    const before = await home.tokens();
    const ended = await home.run(TOKEN, order);
    expect({ code: ended.code, stdout: ended.stdout, requests: issuer.requests.length }).toEqual({
      code: 8,
      stdout: "",
      requests: 0,
    });
    expect(JSON.parse(lastLine(ended.stderr)).error).toMatchObject({ code: "vault_unwritable", exitCode: 8 });
    expect(await home.tokens()).toEqual(before);
    // Once the disk is well again, so is the login.
    expect((await home.run(TOKEN)).code).toBe(0);
    expect(await home.tokens()).toMatchObject({ refresh: issuer.chain.newest().refresh });
  });
  await withProofHome(async (home) => {
    const { issuer } = home;
    const { access } = await home.tokens();
    const ended = await home.run(["token", LOGIN], order);
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code: 0, stdout: `${access}\n` });
    expect(ended.stderr).toMatch(/Warning: .* can't be used: .*\. The current token still works\./s);
    expect(issuer.requests).toHaveLength(0);
  }, LIVING);
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}

describe("a write that fails before anything is sent stops the refresh", () => {
  test("no room for the reply: EIO", () => nothingSent({ fault: "reply-prepare:EIO" }));
  test("no room for the reply: ENOSPC", () => nothingSent({ fault: "reply-prepare:ENOSPC" }));
  test("the note can't be written: EIO", () => nothingSent({ fault: "vault-commit:SQLITE_IOERR" }));
  test("the note can't be written: a full disk", () => nothingSent({ fault: "vault-commit:SQLITE_FULL" }));
});

describe("a write that fails after sending doesn't cost the token", () => {
  /** @returns how the call ended; it always gives out the new token */
  async function handedOver(
    fault: string,
    after: (home: ProofHome, issuer: FaultyIssuer, ended: Ended) => Promise<void>,
  ): Promise<void> {
    await withProofHome(async (home) => {
      const { issuer } = home;
      const ended = await home.run(["token", LOGIN], { fault });
      expect({ code: ended.code, stdout: ended.stdout }).toEqual({
        code: 0,
        stdout: `${issuer.chain.newest().access}\n`,
      });
      await after(home, issuer, ended);
    });
  }

  async function isStoredByTheNextCall(home: ProofHome, issuer: FaultyIssuer): Promise<void> {
    const { access, refresh } = issuer.chain.newest();
    expect((await home.run(["token", LOGIN])).stdout).toBe(`${access}\n`);
    expect(await home.tokens()).toEqual({ access, refresh });
    expect(issuer.requests).toHaveLength(1);
  }

  test("the reply can't be kept: the record takes it", () =>
    handedOver("reply-keep:EIO", async (home, issuer, { stderr }) => {
      expect(stderr).toBe("");
      const { access, refresh } = issuer.chain.newest();
      expect(await home.tokens()).toEqual({ access, refresh });
    }));

  test("the record can't be written: the reply beside it is taken in by the next call, and nothing is sent", () =>
    handedOver("vault-commit#2:SQLITE_FULL", async (home, issuer, { stderr }) => {
      expect(stderr).toMatch(/^Warning: The new token of oidc:proof could not be stored: .*the disk is full/);
      await isStoredByTheNextCall(home, issuer);
    }));

  test("neither at first: the reply is kept at the second try", () =>
    handedOver("reply-keep#1:EIO,vault-commit#2:SQLITE_IOERR", async (home, issuer, { stderr }) => {
      expect(stderr).toContain("Warning: The new token of oidc:proof could not be stored");
      await isStoredByTheNextCall(home, issuer);
    }));

  test("neither at all: a warning says so, the old token is not deleted, and the loss is reported as rotation_lost", () =>
    handedOver("reply-keep:EIO,vault-commit#2:SQLITE_IOERR", async (home, issuer, { stderr }) => {
      expect(stderr).toMatch(/^Warning: .*could not be stored anywhere: .*auth login oidc:proof/);
      expect((await home.tokens()).refresh).not.toBe(issuer.chain.newest().refresh);
      const next = await home.run(TOKEN);
      expect(next.code).toBe(4);
      expect(JSON.parse(next.stderr).error.code).toBe("rotation_lost");
    }));

  test("the kept reply can't be blanked: its token is stored, without a warning", () =>
    handedOver("reply-blank:EIO", async (home, issuer, { stderr }) => {
      expect(stderr).toBe("");
      await isStoredByTheNextCall(home, issuer);
    }));

  test("a refusal that can't be recorded is read again by the next call, and nothing is sent", () =>
    withProofHome(async (home) => {
      const { issuer } = home;
      issuer.chain.end(0);
      const first = await home.run(TOKEN, { fault: "vault-commit#2:SQLITE_FULL" });
      expect(first.code).toBe(4);
      const next = await home.run(TOKEN);
      expect(next.code).toBe(4);
      expect(JSON.parse(next.stderr).error.code).toBe("refresh_token_invalid");
      expect(issuer.requests).toHaveLength(1);
    }));
});

/** Makes system calls of the program fail, by strace's rules: `fsync:error=EIO:when=1`. */
const injecting = (rule: string, output = "/dev/null"): { under: string[] } => ({
  under: ["strace", "-f", "-qq", "-o", output, "-e", `trace=${TRACED}`, "-e", `inject=${rule}`],
});
const TRACED = "fsync,fdatasync,pwrite64,write,fcntl";

describe.skipIf(lacking("linux", "strace"))("a sync that failed is a failure, and not asked for again", () => {
  // The kernel tells it once: a second call would say that all is well.
  test("room for the reply: nothing is sent", () => nothingSent(injecting("fsync:error=EIO:when=1")));

  for (const code of ["EIO", "ENOSPC", "EDQUOT"])
    test(`the reply, after sending (${code}): the record takes it, and the file isn't synced again before it is written`, () =>
      withProofHome(async (home) => {
        const { issuer } = home;
        const trace = `${home.folder}/trace`;
        const ended = await home.run(["token", LOGIN], injecting(`fdatasync:error=${code}:when=1`, trace));
        const { access, refresh } = issuer.chain.newest();
        expect(ended).toMatchObject({ code: 0, stdout: `${access}\n` });
        expect(await home.tokens()).toEqual({ access, refresh });
        const calls = readFileSync(trace, "utf8")
          .split("\n")
          .filter((line) => /sync|write/.test(line));
        const failed = calls.findIndex((line) => line.includes(code));
        // strace cuts a call in two lines where another thread's comes between; the descriptor is in the first.
        const begun = calls.slice(0, failed + 1).findLast((line) => line.includes("fdatasync("));
        const fd = /fdatasync\((\d+)/.exec(begun ?? "")?.[1];
        const next = calls.slice(failed + 1).find((line) => new RegExp(`(write|write64|sync)\\(${fd}\\b`).test(line));
        expect(failed).toBeGreaterThan(-1);
        expect(next ?? "write").toContain("write");
      }));

  test("the record, after sending: the kept reply is taken in by the next call", () =>
    withProofHome(async (home) => {
      const { issuer } = home;
      expect((await home.run(["token", LOGIN])).code).toBe(0);
      // Five are the note's: the journal, its folder, the journal, the vault, the emptied journal; five are the record's.
      for (const when of [6, 8, 9, 10]) {
        const before = issuer.requests.length;
        const { family } = await home.login("proof", EXPIRED);
        const { stdout } = await home.run(["token", LOGIN], injecting(`fsync:error=EIO:when=${when}`));
        const { access, refresh } = issuer.chain.newest(family);
        expect(stdout).toBe(`${access}\n`);
        expect((await home.run(["token", LOGIN])).stdout).toBe(`${access}\n`);
        expect(await home.tokens()).toEqual({ access, refresh });
        expect(issuer.requests.length).toBe(before + 1);
      }
    }));
});

describe.skipIf(lacking("linux", "strace"))("a lock that the system refuses", () => {
  /** The login's lock file is there, and it alone is what fails. */
  async function refused(error: string, check: (ended: Ended, newest: () => Link) => void): Promise<void> {
    await withProofHome(async (home) => {
      const { issuer } = home;
      expect((await home.run(TOKEN)).code).toBe(0);
      await home.login("proof", EXPIRED);
      const locks = join(home.folder, "vault.locks");
      const lock = readdirSync(locks).find((name) => name.endsWith(".lock") && name !== "vault.lock") ?? "";
      const { under } = injecting(`fcntl:error=${error}`);
      check(await home.run(TOKEN, { under: [...under, "-P", join(locks, lock)] }), () => issuer.chain.newest(1));
    });
  }

  test("for want of locks is an error in words at once, not another process's lock", () =>
    // The first call asks whether there are such locks here.
    refused("ENOLCK:when=2+", ({ code, stdout, stderr }) => {
      expect({ code, stdout }).toEqual({ code: 8, stdout: "" });
      const { error } = JSON.parse(lastLine(stderr));
      expect(error).toMatchObject({ code: "vault_unwritable", message: expect.stringContaining("no lock left") });
    }));

  test("because a signal came is asked for again", () =>
    refused("EINTR:when=2", ({ code, stdout }, newest) => {
      expect(code).toBe(0);
      expect(JSON.parse(stdout).access_token).toBe(newest().access);
    }));
});

test("a limit on file sizes: nothing is sent", () =>
  nothingSent({ under: ["sh", "-c", 'ulimit -f 100; exec "$@"', "sh"] }));

const FILL = "fill";
/** Runs the rest with AUTH_HOME on a small file system of its own, filled to the last byte, and copies it back. */
const ON_SMALL_DISK = `
  set -e
  mkdir /tmp/.small.$$ && mount -t tmpfs -o size=\${SIZE} none /tmp/.small.$$ && cp -a "$AUTH_HOME"/. /tmp/.small.$$
  if [ -n "$PREFILL" ]; then dd if=/dev/zero of=/tmp/.small.$$/${FILL} bs=4096 2>/dev/null || true; fi
  mount --bind /tmp/.small.$$ "$AUTH_HOME"
  set +e; "$@"; code=$?; set -e
  rm -f "$AUTH_HOME/${FILL}"; umount "$AUTH_HOME"; cp -a /tmp/.small.$$/. "$AUTH_HOME"; umount /tmp/.small.$$; rmdir /tmp/.small.$$
  exit $code`;
const small = (prefill: boolean) => ({
  under: ["unshare", "--mount", "sh", "-c", ON_SMALL_DISK, "sh"],
  env: { SIZE: "1m", PREFILL: prefill ? "1" : "" },
});

describe.skipIf(lacking("linux", "root", "mounts"))("real file systems", () => {
  test("a full disk: nothing is sent", () => nothingSent(small(true)));

  test("a disk that fills up while the provider is asked: the token is handed over, and kept", () =>
    withProofHome(async (home) => {
      const { issuer } = home;
      const running = home.start(["token", LOGIN], small(false));
      issuer.onArrival = async () => {
        fill(`/proc/${running.process.pid}/root${home.folder}/${FILL}`);
        return undefined;
      };
      const { code, stdout, stderr } = await running.ended;
      const { access, refresh } = issuer.chain.newest();
      expect({ code, stdout }).toEqual({ code: 0, stdout: `${access}\n` });
      expect(stderr).toMatch(/Warning: The new token of oidc:proof could not be stored/);
      expect((await home.run(["token", LOGIN])).stdout).toBe(`${access}\n`);
      expect(await home.tokens()).toEqual({ access, refresh });
      expect(issuer.requests).toHaveLength(1);
    }));

  test("remounted read-only: nothing is sent", () =>
    nothingSent({
      under: [
        "unshare",
        "--mount",
        "sh",
        "-c",
        'mount --bind "$AUTH_HOME" "$AUTH_HOME" && mount -o remount,ro,bind "$AUTH_HOME" && exec "$@"',
        "sh",
      ],
    }));
});

function fill(path: string): void {
  const block = new Uint8Array(4096);
  try {
    for (;;) writeFileSync(path, block, { flag: "a" });
  } catch {
    // Until there is no room: that is what was wanted.
  }
}
