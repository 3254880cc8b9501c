/**
 * A fleet that shares a vault, second by second: what its database and the issuer are asked. `bun test/scale.ts` prints the
 * tables of docs/scale.md.
 */

interface Fleet {
  readonly runners: number;
  /** Seconds between two calls of `auth token` on one runner. */
  readonly every: number;
  /** Seconds over which the runners' calls are spread; 1: all come within the same second, as from cron. */
  readonly spread: number;
  /** Seconds, as in AUTH_STORE. */
  readonly cache: number;
  /** Whether one machine refreshes early, so that no runner finds a token due. */
  readonly keeper: boolean;
  /** How many logins they share. */
  readonly logins: number;
}

interface Load {
  /** Per second: new connections, requests to the database, refreshes at the issuer. Once every runner has begun. */
  readonly mean: Readonly<Record<Asked, number>>;
  readonly busiest: Readonly<Record<Asked, number>>;
}

type Asked = "connections" | "requests" | "refreshes";

const SECONDS = 3600;
const TOKEN_LIFE = 3600;
/** Seconds before its end that a token is due. */
const MARGIN = 300;
/** Reads of `auth token <provider>`: the header, what was chosen, the connection twice. Counted on a Redis server. */
const READS = 4;
/** Of a refresh, beyond those: lease, note, kept reply, commit. Counted the same way. */
const WRITES = 23;
/** Seconds from a due token to the committed new one, at an issuer that takes 300 ms. */
const REFRESH_TAKES = 0.5;
/** Seconds. Who waits for a refresh asks for the record, and for the lease: a quarter of the wait apart, and this at least. */
const POLL = 0.06;

/** An hour, in which each token ends once. */
export function simulate(fleet: Fleet): Load {
  const { runners, every, spread, cache, keeper, logins } = fleet;
  const random = seeded(19);
  const asked = { connections: zeros(), requests: zeros(), refreshes: zeros() };
  const firstCall = Float64Array.from({ length: runners }, () => random() * spread);
  const readAt = new Float64Array(runners).fill(Number.NEGATIVE_INFINITY);
  // Each was minted at some time in the hour before; those of one morning's logins, at the same minute.
  const mintedAt = Float64Array.from({ length: logins }, () =>
    logins === 1 ? -1800 : -random() * (TOKEN_LIFE - MARGIN),
  );
  if (keeper) for (const minted of mintedAt) add(asked.refreshes, (minted + TOKEN_LIFE + SECONDS) % SECONDS, 1);

  for (let start = 0; start < SECONDS; start += every)
    for (let runner = 0; runner < runners; runner++) {
      const now = start + (firstCall[runner] ?? 0);
      const login = runner % logins;
      const minted = mintedAt[login] ?? 0;
      const isDue = !keeper && now >= minted + TOKEN_LIFE - MARGIN;
      if (!isDue && now - (readAt[runner] ?? 0) < cache) continue;
      readAt[runner] = now;
      add(asked.connections, now, 1);
      add(asked.requests, now, READS);
      const underWay = !keeper && now < minted;
      if (isDue) {
        mintedAt[login] = now + REFRESH_TAKES;
        add(asked.refreshes, now, 1);
        add(asked.requests, now, WRITES);
      } else if (underWay) add(asked.requests, now, 2 * polls(minted - now));
    }
  const begun = Math.max(every, cache);
  return {
    mean: each(asked, (counts) => sum(counts.subarray(begun)) / (SECONDS - begun)),
    busiest: each(asked, (counts) => counts.subarray(begun).reduce((most, count) => Math.max(most, count), 0)),
  };
}

const USUAL: Fleet = { runners: 100_000, every: 60, spread: 60, cache: 0, keeper: true, logins: 1 };

const FLEETS: Readonly<Record<string, Fleet>> = {
  "each minute": USUAL,
  "each minute, `cache=30`": { ...USUAL, cache: 30 },
  "each minute, `cache=300`": { ...USUAL, cache: 300 },
  "each 10 s": { ...USUAL, every: 10, spread: 10 },
  "each 10 s, `cache=30`": { ...USUAL, every: 10, spread: 10, cache: 30 },
  "each minute, all in one second": { ...USUAL, spread: 1 },
  "the same, `cache=300`": { ...USUAL, spread: 1, cache: 300 },
  "each minute, no keeper": { ...USUAL, keeper: false },
  "the same, all in one second": { ...USUAL, keeper: false, spread: 1 },
  "each minute, no keeper, a login for each": { ...USUAL, keeper: false, logins: 100_000 },
};

/** How often who waits that many seconds asks. */
function polls(wait: number): number {
  const even = Math.min(wait, 4 * POLL) / POLL;
  return wait <= 4 * POLL ? even : even + 4 * Math.log(wait / (4 * POLL));
}

/** The table of docs/scale.md: means, and the busiest second. */
export function table(): string {
  const rows = Object.entries(FLEETS).map(([name, fleet]) => {
    const { mean, busiest } = simulate(fleet);
    const cells = (["connections", "requests", "refreshes"] as const).map((one) => {
      const [usual, most] = [mean[one], busiest[one]].map((count) => Math.round(count).toLocaleString("en"));
      return `${mean[one] > 0 && mean[one] < 0.5 ? "1 an hour" : usual} | ${most}`;
    });
    return `| ${name} | ${cells.join(" | ")} |`;
  });
  return [
    "| the runners ask | connections/s | busiest | requests/s | busiest | refreshes/s | busiest |",
    "|---|---|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

function zeros(): Float64Array {
  return new Float64Array(SECONDS + 1);
}

function add(counts: Float64Array, at: number, count: number): void {
  const second = Math.min(Math.floor(at), SECONDS);
  counts[second] = (counts[second] ?? 0) + count;
}

function sum(counts: Float64Array): number {
  return counts.reduce((total, count) => total + count, 0);
}

function each<T>(of: Readonly<Record<Asked, T>>, work: (value: T) => number): Record<Asked, number> {
  return { connections: work(of.connections), requests: work(of.requests), refreshes: work(of.refreshes) };
}

/** Random numbers that are the same each time (a linear congruential generator: Park and Miller, 1988). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 0x7fffffff;
    return state / 0x7fffffff;
  };
}

if (import.meta.main) process.stdout.write(`${table()}\n`);
