/** A vault shared over a database: `auth token` where the database needn't be asked, and a fleet on one expired token. */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { atIssuer, type Copy, ENDPOINT_MS, logIn, median, timed } from "./bench-refresh.ts";
import { isThere } from "./support/needs.ts";
import { BACKENDS } from "./vault/shared-home.ts";

const MACHINES = 20;
const PROCESSES = 25;
/** Milliseconds that a fleet may take beyond the provider's time, and beyond what its calls take one after the other. */
const MORE_MS = 1500;

export interface FleetTimes {
  readonly backend: string;
  /** Medians, in milliseconds: a token read before, one that the server is asked for, the floor in the same rounds. */
  readonly cached: number;
  readonly asked: number;
  readonly floor: number;
  /** Until the last of all processes has its token. */
  readonly fleet: number;
}

/** One machine starts what twenty would. */
export function fleetLimit({ asked }: FleetTimes): number {
  return ENDPOINT_MS + MORE_MS + MACHINES * PROCESSES * asked;
}

/** Names of the servers that aren't installed, whose rows are left out. */
export function missingServers(): string[] {
  return installed(false).map(([name]) => name);
}

/** @param rounds of the lone calls */
export async function measureFleets(copies: readonly Copy[], rounds: number): Promise<FleetTimes[]> {
  const all: FleetTimes[] = [];
  for (const [backend, { start }] of installed(true)) {
    const server = await start(backend === "PostgreSQL" ? { settings: ["max_connections=600"] } : {});
    const folder = mkdtempSync(join("/dev/shm", "auth-bench-"));
    const home = (name: string): Record<string, string> => ({
      PATH: process.env.PATH ?? "",
      HOME: folder,
      AUTH_HOME: join(folder, name),
      AUTH_KEY: Buffer.from("a key for the bench, 32 bytes ok").toString("base64"),
      AUTH_STORE: server.address("bench"),
    });
    try {
      all.push({
        backend,
        ...(await alone(copies, home("alone"), rounds)),
        fleet: await atIssuer(ENDPOINT_MS, (place) => fleet((copies[0] as Copy).auth, home, place)),
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
      await server.stop();
    }
  }
  return all;
}

function installed(are: boolean) {
  return Object.entries(BACKENDS).filter(([, { needs }]) => needs.every(isThere) === are);
}

async function alone(
  copies: readonly Copy[],
  env: Record<string, string>,
  rounds: number,
): Promise<Pick<FleetTimes, "cached" | "asked" | "floor">> {
  const paste = ["login", "apikey:bench", "--token", "-", "--no-verify", "-q"];
  const login = Bun.spawn([(copies[0] as Copy).auth, ...paste], { env, stdin: new Blob(["sk-bench-0123456789"]) });
  if ((await login.exited) !== 0) throw new Error("the login failed");
  const times = { cached: [] as number[], asked: [] as number[], floor: [] as number[] };
  const token = ["token", "apikey:bench"];
  const [often, always] = ["3600", "0"].map((cache) => ({ ...env, AUTH_STORE: `${env.AUTH_STORE}&cache=${cache}` }));
  for (let round = 0; round < rounds; round++) {
    const { auth, floor } = copies[round % copies.length] as Copy;
    // A call that never uses the cache clears it away: the next one fills it again.
    times.asked.push(timed([auth, ...token], always ?? env));
    timed([auth, ...token], often ?? env);
    times.cached.push(timed([auth, ...token], often ?? env));
    times.floor.push(timed([floor], env));
  }
  return { cached: median(times.cached), asked: median(times.asked), floor: median(times.floor) };
}

/** Machines that come to the vault for the first time, when its token has expired. */
async function fleet(auth: string, home: (name: string) => Record<string, string>, place: string): Promise<number> {
  await logIn(auth, home("first"), place);
  await Bun.sleep(1100);
  const started = performance.now();
  const children = Array.from({ length: MACHINES * PROCESSES }, (_, i) =>
    Bun.spawn([auth, "token", "github"], { env: home(`machine-${i % MACHINES}`), stdio: ["ignore", "pipe", "ignore"] }),
  );
  const tokens = new Set(await Promise.all(children.map((child) => child.stdout.text())));
  if (tokens.size !== 1) throw new Error(`a fleet got ${tokens.size} tokens`);
  return performance.now() - started;
}
