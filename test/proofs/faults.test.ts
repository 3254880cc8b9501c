/**
 * Whatever a provider answers, no credential is deleted, and every command that may refresh says the same: its class,
 * its exit code, the state it leaves and what to do. The refresh token is compared as the vault opens it, before and
 * after, and the issuer shows that the fault really happened (RULES.md 6.4).
 */
import { describe, expect, test } from "bun:test";
import type { Mutant } from "../../src/platform/faults.ts";
import { FAULTS, type FaultName } from "../issuers/faults.ts";
import type { Ended } from "../support/program.ts";
import {
  COUNTS,
  LOGIN,
  mustFail,
  type Order,
  PROVIDER,
  type ProofHome,
  reportCounts,
  withProofHome,
} from "./proof-home.ts";

reportCounts();

interface Failure {
  readonly exit: 4 | 5 | 6;
  readonly code: string;
  /** Of the last error, where the command's own is another. */
  readonly lastError?: string;
  /** As the message ends. */
  readonly reason: string;
  readonly status: string;
  readonly state: string;
  readonly hint: RegExp;
}

const LATER = /^The login is kept\. Try again later\.$/;
/** The same request would get the same answer: nothing says to try again. */
const WHERE = /^The login is kept\. This is not an OAuth server's answer\. Check the address/;
const AGAIN = new RegExp(`Log in again.*: auth login ${LOGIN}`);

const trouble = (code: string, reason: string, state: string): Failure => ({
  exit: 5,
  code,
  reason,
  status: "expired",
  state,
  hint: LATER,
});
const doubt = (code: string, reason: string): Failure => trouble(code, reason, "in_doubt");
const noAnswer = (reason: string): Failure => ({ ...doubt("provider_unavailable", reason), hint: WHERE });
const TOO_LARGE: Failure = {
  ...doubt("provider_unavailable", "the reply is too large"),
  hint: new RegExp(`a new refresh token in it may be lost\\.\nLog in again: auth login ${LOGIN} --force$`),
};
const LOST = doubt("network", "the reply was lost");
const UNREADABLE: Failure = {
  exit: 4,
  code: "token_expired",
  lastError: "provider_unavailable",
  reason: "unreadable reply",
  status: "invalid",
  state: "reply_unreadable",
  hint: new RegExp(`^Log in again: auth login ${LOGIN}\n.*: auth refresh ${LOGIN} --force$`, "m"),
};
const DEAD: Failure = {
  exit: 4,
  code: "refresh_token_invalid",
  reason: "invalid_grant",
  status: "invalid",
  state: "refresh_rejected",
  hint: AGAIN,
};
const CLIENT: Failure = {
  exit: 6,
  code: "client_rejected",
  reason: "invalid_client",
  status: "misconfigured",
  state: "client_rejected",
  // A public client: nothing of it could be given anew by `auth client set`.
  hint: new RegExp(
    `still accepts the client .*auth refresh ${LOGIN} --force\n.*auth login ${LOGIN} --force --client-id`,
  ),
};

/** What the refresh token is afterwards, where the fault is none. */
type Success = "rotated" | "kept";

const EXPECTED: Readonly<Record<FaultName, Failure | Success>> = {
  "dropped before it was processed": LOST,
  "dropped after it was processed": LOST,
  "reset before it was processed": LOST,
  "reset in the middle of the body": LOST,
  "no answer at all": doubt("network", "connection timed out"),
  "a body that stalls": doubt("network", "connection timed out"),
  "a slow body": "rotated",
  "500": doubt("provider_unavailable", "HTTP 500"),
  "500 after it was processed": doubt("provider_unavailable", "HTTP 500"),
  "502 with HTML": doubt("provider_unavailable", "HTTP 502"),
  "503": doubt("provider_unavailable", "HTTP 503"),
  "503 with Retry-After": trouble("provider_unavailable", "HTTP 503", "refresh_failing"),
  "504": doubt("provider_unavailable", "HTTP 504"),
  "429": trouble("rate_limited", "HTTP 429", "refresh_failing"),
  "429 with Retry-After": trouble("rate_limited", "slow_down", "refresh_failing"),
  "HTML with 200": noAnswer("unreadable reply"),
  "an empty 200": noAnswer("unreadable reply"),
  "a 204": noAnswer("unreadable reply"),
  "an error with 200": trouble("provider_unavailable", "temporarily_unavailable", "refresh_failing"),
  "invalid_grant with 200": DEAD,
  invalid_grant: DEAD,
  invalid_client: CLIENT,
  unauthorized_client: { ...CLIENT, reason: "unauthorized_client" },
  invalid_scope: { ...CLIENT, code: "scope_rejected", reason: "invalid_scope", state: "scope_rejected", hint: AGAIN },
  interaction_required: {
    ...DEAD,
    code: "interaction_required",
    reason: "interaction_required",
    state: "interaction_required",
  },
  temporarily_unavailable: trouble("provider_unavailable", "temporarily_unavailable", "refresh_failing"),
  "201": "rotated",
  "no expires_in": "rotated",
  "an empty expires_in": "rotated",
  "a null expires_in": "rotated",
  "expires_in as a string": "rotated",
  "a huge expires_in": "rotated",
  "a negative expires_in": "rotated",
  "no refresh_token": "kept",
  "an empty refresh_token": "kept",
  "a null refresh_token": "kept",
  "a narrowed scope": "rotated",
  "no access_token": UNREADABLE,
  "an access_token that is a number": UNREADABLE,
  "JSON cut short": UNREADABLE,
  "a redirect to another host": noAnswer("the provider redirected the request"),
  "a gzip bomb": TOO_LARGE,
  "a reply of 100 KB": "rotated",
  "a reply of 2 MB": TOO_LARGE,
  "gzip that isn't": LOST,
  "UTF-8 with a byte order mark": "rotated",
  "UTF-16": "rotated",
  "UTF-8 that says latin-1": "rotated",
  "JSON that says it is HTML": "rotated",
};

/** Short where the fault is that no answer comes. Elsewhere it must be the fault that ends the exchange, not a slow machine. */
function limitsFor(name: FaultName): Record<string, number> {
  return /no answer|stalls/.test(name) ? { exchange: 600, holder: 900 } : { exchange: 10_000, holder: 15_000 };
}

/** Runs one command against one fault, with what the vault held before. */
async function facing<T>(
  name: FaultName,
  left: number,
  args: readonly string[],
  check: (home: ProofHome, ended: Ended, before: { access: string; refresh: string }) => Promise<T>,
  order: Order = {},
): Promise<T> {
  return withProofHome(async (home) => {
    const { issuer } = home;
    const before = await home.tokens();
    issuer.order(FAULTS[name]);
    const ended = await home.run(args, { limits: limitsFor(name), ...order });
    COUNTS.sent += issuer.requests.length;
    expect(issuer.requests.map(({ fault }) => fault)).toEqual([name]);
    expect(issuer.strays).toEqual([]);
    return await check(home, ended, before);
  }, left);
}

const EXPIRED = -1000;
/** Within the margin: due, and alive. */
const LIVING = 60_000;

const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  token: ["token", LOGIN, "--json"],
  refresh: ["refresh", LOGIN, "--json"],
  run: ["run", "--json", LOGIN, "--", "printenv", "OIDC_TOKEN"],
  get: ["get", LOGIN, "--field", "status"],
  export: ["export", LOGIN, "--json"],
  "refresh --all": ["refresh", "--all", "--json"],
};

async function fails(name: FaultName, expected: Failure, command: string): Promise<void> {
  const { exit, code, lastError = code, reason, status, state, hint } = expected;
  const message = `refresh failed for ${PROVIDER} (proof): ${reason}`;
  await facing(name, EXPIRED, COMMANDS[command] as string[], async (home, ended, before) => {
    if (command === "get") {
      // An access call, but the field is what was asked for.
      expect(ended).toMatchObject({ code: 0, stdout: `${status}\n` });
      expect(ended.stderr).toBe(`Warning: ${message}\n`);
    } else if (command === "refresh --all") {
      const [result, last] = ended.stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code: exit, stderr: "" });
      expect(result).toMatchObject({ success: false, refreshed: false, code, message, connection: LOGIN });
      expect(last.summary).toEqual({ refreshed: 0, valid: 0, skipped: 0, failed: 1 });
    } else {
      const exitCode = command === "run" ? 125 : exit;
      expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code: exitCode, stdout: "" });
      const { error } = JSON.parse(ended.stderr);
      expect(error).toMatchObject({ code, message, exitCode, connection: LOGIN });
      expect(error.hint).toMatch(hint);
    }
    const shown = await home.run(["status", LOGIN, "--json"]);
    expect(shown.code).toBe(exit);
    expect(JSON.parse(shown.stdout)).toMatchObject([{ status, reason: state, lastError: { code: lastError } }]);
    expect(await home.tokens()).toEqual(before);
  });
}

/** While the old token lives, it is given with a warning; only `refresh` itself fails. */
async function failsWhileItLives(name: FaultName, { exit: past, lastError, reason }: Failure): Promise<void> {
  const exit = lastError === undefined ? past : 5;
  await facing(name, LIVING, ["token", LOGIN], async (home, ended, before) => {
    expect(ended).toMatchObject({ code: 0, stdout: `${before.access}\n` });
    expect(ended.stderr).toStartWith(`Warning: refresh failed for ${PROVIDER} (proof): ${reason}`);
    expect(await home.tokens()).toEqual(before);
  });
  await facing(name, LIVING, ["refresh", LOGIN], async (home, ended, before) => {
    expect(ended).toMatchObject({ code: exit, stdout: "" });
    expect(await home.tokens()).toEqual(before);
  });
}

async function works(name: FaultName, expected: Success, command: string): Promise<void> {
  await facing(name, EXPIRED, COMMANDS[command] as string[], async (home, ended, before) => {
    const { access, refresh } = home.issuer.chain.newest();
    expect(ended.code).toBe(0);
    const shown: Readonly<Record<string, () => void>> = {
      token: () => expect(JSON.parse(ended.stdout).access_token).toBe(access),
      refresh: () => expect(JSON.parse(ended.stdout)).toMatchObject({ success: true, refreshed: true }),
      run: () => expect(ended.stdout).toBe(`${access}\n`),
      get: () => expect(ended.stdout).toBe("connected\n"),
      "refresh --all": () =>
        expect(JSON.parse(ended.stdout.split("\n")[1] ?? "").summary).toMatchObject({ refreshed: 1, failed: 0 }),
      export: () => expect(Object.values(JSON.parse(ended.stdout))).toContain(access),
    };
    shown[command]?.();
    expect(await home.tokens()).toEqual({ access, refresh });
    expect(refresh === before.refresh).toBe(expected === "kept");
  });
}

describe("a faulty provider", () => {
  for (const [name, expected] of Object.entries(EXPECTED) as [FaultName, Failure | Success][])
    test(`${name}: ${typeof expected === "string" ? "a token all the same" : `exit ${expected.exit}, ${expected.code}`}`, async () => {
      const commands = Object.keys(COMMANDS);
      if (typeof expected === "string") {
        await Promise.all(commands.map((command) => works(name, expected, command)));
        return;
      }
      await Promise.all(commands.map((command) => fails(name, expected, command)));
      await failsWhileItLives(name, expected);
    }, 60_000);
});

describe("what a reply said is not lost because it can't be used", () => {
  /** The kept reply still opens, and what the provider rotated to is in it. */
  async function keepsWhatItCantRead(mutant?: Mutant): Promise<void> {
    const check = async (home: ProofHome): Promise<void> => {
      const { version, record } = await home.stored();
      const kept = await home.vault(async (vault) => {
        const lock = await vault.tryLock(LOGIN);
        try {
          const generation = record.note?.generation ?? 0;
          const bytes = await lock?.reply.read({ incarnation: version.incarnation, generation });
          return new TextDecoder().decode(bytes ?? undefined);
        } finally {
          lock?.release();
        }
      });
      expect({ kept }).toEqual({ kept: expect.stringContaining(home.issuer.chain.newest().refresh) });
      // Nothing is sent until someone insists.
      expect((await home.run(["token", LOGIN])).code).toBe(4);
      expect(home.issuer.requests).toHaveLength(1);
      // An edit of the login's settings doesn't part it from its reply.
      expect((await home.run(["profile", "edit", LOGIN, "--add-scope", "c"])).code).toBe(0);
      expect((await home.run(["token", LOGIN])).code).toBe(4);
      expect(home.issuer.requests).toHaveLength(1);
    };
    await facing("no access_token", EXPIRED, ["token", LOGIN], check, { mutant });
  }

  test("it is kept as it came, and read again before anything is sent", () => keepsWhatItCantRead());

  test("the proof fails without what it proves: validate-before-commit", () =>
    mustFail(() => keepsWhatItCantRead("validate-before-commit"), /"kept"/));
});
