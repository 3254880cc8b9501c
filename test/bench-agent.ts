/** What the agent costs: tokens over its socket, and `auth token` by it, beside what that takes without. */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

const SECONDS = 3;
const CONNECTIONS = 16;
const PASSPHRASE = "a passphrase for the bench";

interface AgentTimes {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p99: number;
  /** Milliseconds of `auth token`, in turn: by the agent, and with the passphrase in the environment. */
  readonly byAgent: number;
  readonly byPassphrase: number;
}

/** @param auth the program @param rounds of `auth token` */
export async function measureAgent(auth: string, rounds: number): Promise<AgentTimes> {
  const folder = mkdtempSync(join("/dev/shm", "auth-bench-"));
  const env = { PATH: process.env.PATH ?? "", HOME: folder, AUTH_HOME: join(folder, "home") };
  const unlocked = { ...env, AUTH_PASSPHRASE: PASSPHRASE };
  try {
    await call([auth, "login", "apikey:bench", "--token", "-", "--no-verify"], unlocked, "sk-bench-0123456789");
    await call([auth, "agent", "start"], unlocked);
    const { socket } = JSON.parse(await call([auth, "agent", "status", "--json"], env));
    const load = await loaded(socket);
    const times = { agent: [] as number[], passphrase: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      times.agent.push(await timed([auth, "token", "apikey:bench"], env));
      times.passphrase.push(await timed([auth, "token", "apikey:bench"], { ...unlocked, AUTH_AGENT: "off" }));
    }
    return { ...load, byAgent: quantile(times.agent, 0.5), byPassphrase: quantile(times.passphrase, 0.5) };
  } finally {
    await call([auth, "agent", "stop"], env).catch(() => {});
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Each connection asks again as soon as it has its answer, by a client that costs next to nothing. */
async function loaded(path: string): Promise<Pick<AgentTimes, "perSecond" | "p99">> {
  const request = "GET /v1/token/apikey:bench HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const times: number[] = [];
  let warm = true;
  let stopped = false;
  const sockets = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => {
      let sentAt = 0;
      let text = "";
      return Bun.connect({
        unix: path,
        socket: {
          open(socket) {
            sentAt = performance.now();
            socket.write(request);
          },
          data(socket, data) {
            text += data.toString("latin1");
            const head = text.indexOf("\r\n\r\n");
            if (head < 0) return;
            const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
            if (text.length < head + 4 + length) return;
            if (!text.startsWith("HTTP/1.1 200 ")) throw new Error(text);
            text = "";
            const now = performance.now();
            if (!warm) times.push(now - sentAt);
            if (stopped) return;
            sentAt = now;
            socket.write(request);
          },
        },
      });
    }),
  );
  await Bun.sleep(1_000);
  warm = false;
  const start = performance.now();
  await Bun.sleep(SECONDS * 1_000);
  stopped = true;
  const seconds = (performance.now() - start) / 1_000;
  for (const socket of sockets) socket.end();
  return { perSecond: times.length / seconds, p99: quantile(times, 0.99) };
}

async function timed(command: readonly string[], env: Record<string, string>): Promise<number> {
  const start = Bun.nanoseconds();
  await call(command, env);
  return (Bun.nanoseconds() - start) / 1e6;
}

async function call(command: readonly string[], env: Record<string, string>, stdin = ""): Promise<string> {
  const child = Bun.spawn([...command], { env, stdin: new Blob([stdin]), stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
  return stdout;
}

function quantile(values: readonly number[], at: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * at)] ?? Number.NaN;
}
