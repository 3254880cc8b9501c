/**
 * Every command that refreshes reports the same outcome: the same words, the same code, and the token where there is one.
 * Commands that only look send no refresh.
 */
import { describe, expect, test } from "bun:test";
import { FAULTS, type Fault } from "../issuers/faults.ts";
import { JSON_TYPE, reply } from "../issuers/faulty.ts";
import type { Ended } from "../support/program.ts";
import { LOGIN, type ProofHome, withProofHome } from "./proof-home.ts";

const EXPIRED = -1000;
/** Within the margin: due, and alive. */
const LIVING = 60_000;
const FRESH = 3_000_000;

interface Outcome {
  /** Milliseconds that the access token lives on. */
  readonly left: number;
  /** What the issuer answers to each refresh; absent: new tokens. */
  readonly answers?: Fault;
  /** Of the disk. */
  readonly fault?: string;
  /** Called before. */
  readonly first?: readonly string[];
  /** Which access token is handed out. */
  readonly gives: "old" | "new" | null;
  /** What `auth refresh` ends with, and every other command that has no token to give. */
  readonly exit: number;
  readonly code?: string;
  /** In the error, or in the warning beside a token. */
  readonly says?: RegExp;
}

const REFUSED: Fault = {
  name: "a refusal that no table knows",
  works: "nothing",
  answer: (wire) => {
    wire.write(reply(400, JSON_TYPE, '{"error":"bad_refresh_token","error_description":"It was used before."}'));
    wire.close();
  },
};
const RETRY_LATER: Fault = {
  name: "503 for ten minutes",
  works: "nothing",
  answer: (wire) => {
    wire.write(reply(503, { "retry-after": "600" }, "down"));
    wire.close();
  },
};

const NOWHERE = "reply-keep:EIO,vault-commit#2:SQLITE_IOERR";
const failed = (reason: string): RegExp => new RegExp(`refresh failed for oidc \\(proof\\): ${reason}`);

const OUTCOMES: Readonly<Record<string, Outcome>> = {
  "a token that is still good": { left: FRESH, gives: "old", exit: 0 },
  "a new token": { left: EXPIRED, gives: "new", exit: 0 },
  "a new token that is kept beside the vault": {
    left: EXPIRED,
    fault: "vault-commit#2:SQLITE_FULL",
    gives: "new",
    exit: 0,
    says: /could not be stored: .* its reply is kept/,
  },
  "a new token that could be stored nowhere": {
    left: EXPIRED,
    fault: NOWHERE,
    gives: "new",
    exit: 8,
    code: "vault_unwritable",
    says: /could not be stored anywhere/,
  },
  "a vault that can't be written, so that nothing is sent": {
    left: EXPIRED,
    fault: "reply-prepare:ENOSPC",
    gives: null,
    exit: 8,
    code: "vault_unwritable",
    says: /can't be used/,
  },
  "the same, while the token lives": {
    left: LIVING,
    fault: "reply-prepare:ENOSPC",
    gives: "old",
    exit: 8,
    code: "vault_unwritable",
    says: /can't be used/,
  },
  ...both("503 with Retry-After", { exit: 5, code: "provider_unavailable", says: failed("HTTP 503") }),
  ...both("502 with HTML", { exit: 5, code: "provider_unavailable", says: failed("HTTP 502") }),
  ...both("invalid_grant", { exit: 4, code: "refresh_token_invalid", says: failed("invalid_grant") }),
  ...both("invalid_client", { exit: 6, code: "client_rejected", says: failed("invalid_client") }),
  ...both("interaction_required", { exit: 4, code: "interaction_required", says: failed("interaction_required") }),
  ...both(REFUSED, {
    exit: 4,
    code: "refresh_refused",
    says: failed(".* refused the refresh \\(HTTP 400: bad_refresh"),
  }),
  "no access_token": {
    left: EXPIRED,
    answers: FAULTS["no access_token"],
    gives: null,
    exit: 4,
    code: "token_expired",
    says: failed("unreadable reply"),
  },
  "a pause after a failure": {
    left: EXPIRED,
    answers: RETRY_LATER,
    first: ["token", LOGIN],
    gives: null,
    exit: 5,
    code: "provider_unavailable",
    says: /Not tried again until (\d{4}-\d\d-\d\d )?\d\d:\d\d \(the last try failed: HTTP 503\)/,
  },
  "a pause after a failure, while the token lives": {
    left: LIVING,
    answers: RETRY_LATER,
    first: ["token", LOGIN],
    gives: "old",
    exit: 5,
    code: "provider_unavailable",
    says: /Not tried again until (\d{4}-\d\d-\d\d )?\d\d:\d\d \(the last try failed: HTTP 503\)/,
  },
};

/** A failure past the token's expiry, and while it lives. */
function both(
  fault: Fault | keyof typeof FAULTS,
  common: Pick<Outcome, "exit" | "code" | "says">,
): Readonly<Record<string, Outcome>> {
  const answers = typeof fault === "string" ? FAULTS[fault] : fault;
  return {
    [answers.name]: { ...common, left: EXPIRED, answers, gives: null },
    [`${answers.name}, while the token lives`]: { ...common, left: LIVING, answers, gives: "old" },
  };
}

type Check = (outcome: Outcome, ended: Ended, token: string | null) => void;

/** Commands that hand out the token: a failure is a warning as long as there is one. */
const handsOut: Check = ({ exit, says }, { code, stdout, stderr }, token) => {
  expect({ code, token: token === null || stdout.includes(token) }).toEqual({
    code: token === null ? exit : 0,
    token: true,
  });
  if (token === null) expect(stdout).toBe("");
  if (says === undefined) expect(stderr).toBe("");
  else expect(stderr).toMatch(says);
};

const refreshes: Check = ({ exit, says }, { code, stdout, stderr }) => {
  expect({ code, stdout }).toEqual({ code: exit, stdout: "" });
  expect(stderr).toContain(exit === 0 ? "Token " : "Error: ");
  expect(stderr.includes("✓")).toBe(exit === 0 && !stderr.includes("still valid"));
  if (says !== undefined) expect(stderr).toMatch(says);
};

const refreshesAll: Check = ({ exit, says }, { code, stderr }) => {
  expect(code).toBe(exit);
  expect(stderr).toContain(exit === 0 ? "0 failed" : "1 failed");
  expect(stderr.includes("✓")).toBe(exit === 0 && !stderr.includes("still valid"));
  if (says !== undefined) expect(stderr).toMatch(says);
};

/** @param error where the error is in JSON */
const inJson =
  (error: (ended: Ended) => { code?: string; message?: string }): Check =>
  (outcome, ended) => {
    expect(ended.code).toBe(outcome.exit);
    if (outcome.exit === 0) return;
    const { code, message } = error(ended);
    expect(code).toBe(outcome.code);
    expect(message).toMatch(outcome.says ?? /./);
  };

/** The token is what was asked for: it is printed where it is new, or where nothing failed. */
const printsToken: Check = (outcome, { code, stdout, stderr }, token) => {
  expect(code).toBe(outcome.exit);
  const printed = outcome.exit === 0 || outcome.gives === "new";
  expect(stdout.includes(token ?? "-")).toBe(printed);
  if (!printed) expect(stdout).toBe("");
  if (outcome.says !== undefined) expect(stderr).toMatch(outcome.says);
};

const COMMANDS: readonly [args: readonly string[], check: Check][] = [
  [["token", LOGIN], handsOut],
  [
    ["token", LOGIN, "--json"],
    (outcome, ended, token) => {
      if (token === null) return inJson(errorLine)(outcome, ended, token);
      expect(JSON.parse(ended.stdout).access_token).toBe(token);
      expect(ended.code).toBe(0);
    },
  ],
  [["export", LOGIN], handsOut],
  [
    ["run", "-q", LOGIN, "--", "printenv", "OIDC_TOKEN"],
    (outcome, ended, token) => handsOut({ ...outcome, exit: 125 }, ended, token),
  ],
  [
    ["get", LOGIN, "--field", "accessToken", "--show-secret"],
    ({ exit, says }, { code, stdout, stderr }, token) => {
      // A field is printed whatever became of the refresh, except where the vault can't be used.
      expect(code).toBe(token === null && exit === 8 ? 8 : 0);
      if (token !== null) expect(stdout).toBe(`${token}\n`);
      if (says !== undefined) expect(stderr).toMatch(says);
    },
  ],
  [["refresh", LOGIN], refreshes],
  [["refresh", LOGIN, "--json"], inJson(errorLine)],
  [["refresh", LOGIN, "-o", "token"], printsToken],
  [["refresh", LOGIN, "-o", "token-json"], printsToken],
  [["refresh", "--all"], refreshesAll],
  [["refresh", "--all", "--json"], inJson(({ stdout }) => JSON.parse(stdout.split("\n")[0] ?? ""))],
];

function errorLine({ stderr }: Ended): { code?: string; message?: string } {
  return JSON.parse(stderr.trim().split("\n").at(-1) ?? "").error;
}

async function facing(outcome: Outcome, work: (home: ProofHome) => Promise<void>): Promise<void> {
  await withProofHome(async (home) => {
    const { issuer } = home;
    if (outcome.answers !== undefined) issuer.order(outcome.answers, 9);
    if (outcome.first !== undefined) await home.run(outcome.first);
    await work(home);
  }, outcome.left);
}

describe("every command that refreshes reports the same of", () => {
  for (const [name, outcome] of Object.entries(OUTCOMES))
    test(name, async () => {
      for (const [args, check] of COMMANDS)
        await facing(outcome, async (home) => {
          const old = (await home.tokens()).access;
          const ended = await home.run(args, outcome.fault === undefined ? {} : { fault: outcome.fault });
          const token = outcome.gives === "new" ? home.issuer.chain.newest().access : outcome.gives && old;
          try {
            check(outcome, ended, token);
          } catch (error) {
            throw new Error(`auth ${args.join(" ")}\n${ended.code}\n${ended.stdout}\n${ended.stderr}`, {
              cause: error,
            });
          }
        });
    }, 60_000);
});

/** The commands in a text, each as a shell would be given it. */
function commandsIn(text: string): string[][] {
  return [...text.matchAll(/\bauth [a-z][^\n,()'"]*/g)].map(([command]) => command.trim().split(" ").slice(1));
}

describe("every command in an error's hint and in status is complete and can be run, after", () => {
  for (const [name, outcome] of Object.entries(OUTCOMES).filter(([, { exit }]) => exit >= 4 && exit <= 6))
    test(name, async () => {
      await facing(outcome, async (home) => {
        const ended = await home.run(["refresh", LOGIN, "--force", "--json"]);
        const texts = [JSON.parse(ended.stderr).error.hint, (await home.run(["status", LOGIN])).stdout];
        for (const args of texts.flatMap(commandsIn)) {
          const { code, stderr } = await home.run(args, { stdin: "a-secret\n" });
          expect({ args, usage: code === 64, stderr }).toEqual({ args, usage: false, stderr });
        }
      });
    }, 60_000);
});

test("commands that only look send no refresh, whatever became of the last one", async () => {
  const looking = [
    ["status"],
    ["status", LOGIN, "--check"],
    ["list"],
    ["inspect", LOGIN],
    ["get", LOGIN, "--no-refresh"],
    ["doctor", "--offline"],
  ];
  for (const outcome of [OUTCOMES.invalid_grant, OUTCOMES["no access_token"], OUTCOMES["a pause after a failure"]])
    await facing(outcome as Outcome, async (home) => {
      await home.run(["token", LOGIN]);
      const sent = home.issuer.requests.length;
      for (const args of looking) await home.run(args);
      expect(home.issuer.requests).toHaveLength(sent);
    });
}, 60_000);
