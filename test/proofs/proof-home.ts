/**
 * A home with logins at an issuer's chain, put into the vault directly: how a login happens is not what is proven here.
 * Programs run in it are the test build (RULES.md 6.0): the release's sources and flags, with fault points in it.
 */
import { afterAll } from "bun:test";
import { appendFileSync, existsSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { newIncarnation } from "../../src/connections/changes.ts";
import { type Connection, encodeRecord, newConnection } from "../../src/connections/record.ts";
import { readConnection, type Stored } from "../../src/connections/store.ts";
import type { Context } from "../../src/platform/context.ts";
import type { Mutant } from "../../src/platform/faults.ts";
import { pathsFor } from "../../src/platform/paths.ts";
import { Secret } from "../../src/platform/secret.ts";
import type { Vault } from "../../src/vault/types.ts";
import { ending, pinnedTo, tokensOf } from "../connections/support.ts";
import type { Link } from "../issuers/chain.ts";
import { type FaultyIssuer, startFaulty } from "../issuers/faulty.ts";
import { bareEnvironment, type Ended, tempFolder } from "../support/program.ts";
import { openOrMake } from "../vault/home.ts";

const ROOT = join(import.meta.dir, "..", "..");
export const TEST_BUILD = process.env.AUTH_TEST_BINARY ?? join(ROOT, "dist", "test", "auth");
if (!existsSync(TEST_BUILD)) throw new Error("dist/test/auth is missing: node .ci/build.mjs --test-build");

export const PROVIDER = "oidc";
/** The login of most proofs. */
export const LOGIN = `${PROVIDER}:proof`;

export interface Order {
  /** As `src/platform/faults.ts` has it. */
  readonly fault?: string;
  /** Without one: AUTH_TEST_MUTANT, so that a whole proof can be run with a safeguard switched off. */
  readonly mutant?: Mutant | undefined;
  /** Milliseconds; the proofs of the crowd want what the release has. */
  readonly limits?: Readonly<Record<string, number>>;
  /** Its own command line before the program: strace, setpriv, a shell with a limit. */
  readonly under?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

export interface Running {
  readonly process: Subprocess<Blob, "pipe", "pipe">;
  readonly ended: Promise<Ended>;
}

export interface ProofHome {
  readonly folder: string;
  readonly issuer: FaultyIssuer;
  start(args: readonly string[], order?: Order): Running;
  run(args: readonly string[], order?: Order): Promise<Ended>;
  /** The record, opened with the vault's key. */
  stored(name?: string): Promise<Stored>;
  /** Both of its tokens, revealed. */
  tokens(name?: string): Promise<{ access: string; refresh: string }>;
  /** A login at the issuer, replacing what there was. @param left milliseconds that its access token lives on */
  login(name?: string, left?: number): Promise<Link>;
  /** Anything else that is to happen to the vault. */
  vault<T>(work: (vault: Vault) => Promise<T>): Promise<T>;
}

const KEY = "QSBrZXkgZm9yIHByb29mcywgMzIgYnl0ZXMgbG9uZyE=";
const LIFETIME = 3_600_000;

/**
 * @param left milliseconds that the access token lives on: below zero it has expired
 * @param variables added to the environment of all that runs in it
 */
export async function proofHome(
  issuer: FaultyIssuer,
  left = -1000,
  folder = tempFolder(),
  variables: Readonly<Record<string, string>> = {},
): Promise<ProofHome> {
  const base = bareEnvironment({ HOME: folder, AUTH_HOME: folder, AUTH_KEY: KEY, ...variables });
  const context: Context = {
    env: base,
    paths: pathsFor(base, process.platform),
    now: () => Date.now(),
    debug: () => {},
    audit: async () => {},
    warn: () => {},
    http: () => Promise.reject(new Error("the proof itself sends nothing")),
  };

  async function vault<T>(work: (vault: Vault) => Promise<T>): Promise<T> {
    const opened = await openOrMake(context);
    try {
      return await work(opened);
    } finally {
      await opened.close();
    }
  }

  function start(args: readonly string[], order: Order = {}): Running {
    const mutant = order.mutant ?? process.env.AUTH_TEST_MUTANT;
    const env = {
      ...base,
      ...(order.fault && { AUTH_TEST_FAULT: order.fault }),
      ...(mutant && { AUTH_TEST_MUTANT: mutant }),
      ...(order.limits && { AUTH_TEST_LIMITS: JSON.stringify(order.limits) }),
      ...order.env,
    };
    const child = Bun.spawn([...(order.under ?? []), TEST_BUILD, ...args], {
      env,
      stdin: new Blob([order.stdin ?? ""]),
      stdout: "pipe",
      stderr: "pipe",
    });
    const ended = Promise.all([child.stdout.text(), child.stderr.text(), child.exited]).then(([stdout, stderr]) => ({
      code: child.exitCode,
      signal: child.signalCode,
      stdout,
      stderr,
    }));
    return { process: child, ended };
  }

  async function stored(name = "proof"): Promise<Stored> {
    const found = await vault((opened) => readConnection(opened, { provider: PROVIDER, name }));
    if (found === null) throw new Error(`${name} is not in the vault`);
    return found;
  }

  async function login(name = "proof", left = LIFETIME): Promise<Link> {
    const link = issuer.chain.start();
    const record = recordOf(issuer, link, name, left);
    await vault(async (opened) => {
      for (;;) {
        const before = await readConnection(opened, { provider: PROVIDER, name });
        const next = { version: { incarnation: newIncarnation(), generation: 1 }, body: encodeRecord(record) };
        const change = { type: "connection", name: `${PROVIDER}:${name}`, next } as const;
        if ((await opened.commit([{ ...change, expected: before?.version ?? null }])) === "committed") return;
      }
    });
    return link;
  }

  await login("proof", left);
  return {
    folder,
    issuer,
    start,
    run: (args, order) => start(args, order).ended,
    stored,
    tokens: async (name) => {
      const { tokens } = (await stored(name)).record;
      return { access: tokens?.accessToken.reveal() ?? "", refresh: tokens?.refreshToken?.reveal() ?? "" };
    },
    login,
    vault,
  };
}

/** A home at an issuer of its own, which ends with the work. @param left as for `proofHome` */
export async function withProofHome<T>(
  work: (home: ProofHome) => Promise<T>,
  left = -1000,
  options: Parameters<typeof startFaulty>[0] = {},
): Promise<T> {
  const issuer = startFaulty(options);
  try {
    return await work(await proofHome(issuer, left));
  } finally {
    issuer.stop();
  }
}

function recordOf(issuer: FaultyIssuer, link: Link, name: string, left: number): Connection {
  const expiresAt = Date.now() + left;
  return {
    ...newConnection(PROVIDER, name, Date.now()),
    flow: "device",
    settings: { issuer: issuer.url },
    issuer: issuer.url,
    clientId: "client",
    pinned: pinnedTo({
      origins: [issuer.url],
      endpoints: { token: issuer.tokenUrl, revocation: `${issuer.url}/revoke` },
      issuer: issuer.url,
    }),
    tokens: tokensOf({
      accessToken: new Secret(link.access),
      refreshToken: new Secret(link.refresh),
      obtainedAt: expiresAt - LIFETIME,
      ...ending(expiresAt),
      scopes: ["a", "b"],
    }),
  };
}

/** Whether a process has come to the database: it has the vault open, or is about to. */
export function isConnected({ process: { pid } }: Running): boolean {
  const folder = `/proc/${pid}/fd`;
  if (!existsSync(folder)) return false;
  return readdirSync(folder).some((fd) => {
    try {
      return readlinkSync(join(folder, fd)).startsWith("socket:");
    } catch {
      return false; // Closed while we looked.
    }
  });
}

/** Runs jobs, so many at a time. */
export async function inParallel<T>(width: number, jobs: readonly T[], work: (job: T) => Promise<void>): Promise<void> {
  const queue = [...jobs];
  const worker = async (): Promise<void> => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) await work(job);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

/**
 * What holds of the program must not hold of its mutant: a proof that can't fail proves nothing.
 * @param because what its failure says, so that it doesn't fail for another reason
 */
export async function mustFail(proof: () => Promise<void>, because: RegExp): Promise<void> {
  let failure: unknown = null;
  try {
    await proof();
  } catch (error) {
    failure = error;
  }
  if (failure === null) throw new Error("The proof held although the safeguard was taken out.");
  if (!because.test(Bun.stripANSI(String((failure as Error).message)))) throw failure;
}

/** How large the proofs are: `npm run soak` multiplies them. */
export const SCALE = Number(process.env.AUTH_SOAK ?? "1");

/** What the proofs of a file come to; `npm run soak` adds up all files'. */
export const COUNTS = { sent: 0, adopted: 0, lost: 0, corrupt: 0, "silently logged out": 0 };

/** To be called by each file that counts: this module is shared, and `afterAll` belongs to the file that calls it. */
export function reportCounts(): void {
  afterAll(() => {
    const { AUTH_SOAK_COUNTS } = process.env;
    if (AUTH_SOAK_COUNTS) appendFileSync(AUTH_SOAK_COUNTS, `${JSON.stringify(COUNTS)}\n`);
    for (const name of Object.keys(COUNTS) as (keyof typeof COUNTS)[]) COUNTS[name] = 0;
  });
}
