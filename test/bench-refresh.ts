/** What a refresh costs beyond the provider's own time, alone and in a crowd. */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

const CROWD = 50;
const CROWDS = 5;
export const ENDPOINT_MS = 300;

export interface RefreshTimes {
  /** Medians, in milliseconds: a lone refresh without the provider's own time, the floor in the same rounds, a crowd. */
  readonly alone: number;
  readonly floor: number;
  readonly crowd: number;
}

/**
 * @param copies of the binary, and of the empty program that is started in turn with the lone refresh
 * @param rounds of the lone refresh
 */
export async function measureRefresh(copies: readonly Copy[], rounds: number): Promise<RefreshTimes> {
  const [{ auth }] = copies as [Copy];
  // On a memory file system: what is measured is ours, not the disk's sync.
  const folder = mkdtempSync(join("/dev/shm", "auth-bench-"));
  try {
    return {
      ...(await atIssuer(0, (place) => alone(copies, home(folder, "alone"), place, rounds))),
      crowd: await atIssuer(ENDPOINT_MS, (place) => crowds(auth, folder, place)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface Copy {
  readonly auth: string;
  readonly floor: string;
}

/** The most a crowd may take: the provider's time, a start-up each, and a little. */
export function crowdLimit(floor: number): number {
  return ENDPOINT_MS + CROWD * floor + 200;
}

type Environment = Record<string, string>;

function home(folder: string, name: string): Environment {
  return { PATH: process.env.PATH ?? "", HOME: folder, AUTH_HOME: join(folder, name) };
}

async function alone(
  copies: readonly Copy[],
  env: Environment,
  place: string,
  rounds: number,
): Promise<Pick<RefreshTimes, "alone" | "floor">> {
  await logIn((copies[0] as Copy).auth, env, place);
  const times = { refresh: [] as number[], floor: [] as number[], provider: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    const { auth, floor } = copies[round % copies.length] as Copy;
    times.refresh.push(timed([auth, "refresh", "github", "--force", "-o", "token"], env));
    times.floor.push(timed([floor], env));
    times.provider.push(await exchange(place));
  }
  return { alone: median(times.refresh) - median(times.provider), floor: median(times.floor) };
}

/** As everything is timed here: with nothing to be read but what goes wrong. */
export function timed(command: string[], env: Environment): number {
  const started = performance.now();
  const { exitCode } = Bun.spawnSync(command, { env, stdio: ["ignore", "ignore", "pipe"] });
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${exitCode}`);
  return performance.now() - started;
}

/** The provider's own time: what the same exchange takes a program that is running and does nothing else. */
async function exchange(place: string): Promise<number> {
  const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token: "refresh" });
  const started = performance.now();
  const reply = await fetch(`${place}/token`, { method: "POST", body, keepalive: false });
  await reply.arrayBuffer();
  return performance.now() - started;
}

/** Each crowd in a home of its own, its token expired. */
async function crowds(auth: string, folder: string, place: string): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < CROWDS; round++) {
    const env = home(folder, `crowd-${round}`);
    await logIn(auth, env, place);
    await Bun.sleep(1100);
    const started = performance.now();
    const children = Array.from({ length: CROWD }, () =>
      Bun.spawn([auth, "token", "github"], { env, stdio: ["ignore", "pipe", "ignore"] }),
    );
    const tokens = new Set(await Promise.all(children.map((child) => child.stdout.text())));
    times.push(performance.now() - started);
    if (tokens.size !== 1) throw new Error("a crowd got several tokens");
  }
  return median(times);
}

export async function logIn(auth: string, env: Environment, place: string): Promise<void> {
  const endpoints = ["--endpoint", `device=${place}/device`, "--endpoint", `token=${place}/token`];
  const { exitCode, stderr } = Bun.spawnSync([auth, "login", "github", "--client-id", "bench", ...endpoints], { env });
  if (exitCode !== 0) throw new Error(`the login failed: ${stderr}`);
}

export async function atIssuer<T>(delay: number, work: (place: string) => Promise<T>): Promise<T> {
  const issuer = Bun.spawn([process.execPath, join(import.meta.dir, "bench-issuer.ts"), String(delay)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const reader = issuer.stdout.getReader();
    const { value } = await reader.read();
    return await work(new TextDecoder().decode(value).trim());
  } finally {
    issuer.kill();
    await issuer.exited;
  }
}

export function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}
