/** Real servers for shared vaults, each on a folder and a port of its own. They end with the tests. */
import { chmodSync, chownSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SQL } from "bun";
import { errorCode } from "../../src/platform/errors.ts";
import { postgresPrograms } from "./needs.ts";
import { run, tempFolder } from "./program.ts";

export interface DatabaseServer {
  readonly port: number;
  /** Where it keeps its data. */
  readonly folder: string;
  /** AUTH_STORE for a vault of its own there. @param name of small letters */
  address(name: string): string;
  /** A server that follows this one. */
  replica(): Promise<Replica>;
  /** As if the machine stood still. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

export interface Replica extends DatabaseServer {
  /** From now on it takes writes, whatever had not come to it yet. */
  promote(): Promise<void>;
}

export interface DatabaseOptions {
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Where it isn't plain that this machine is meant: the name in its certificate. */
  readonly host?: string;
  /** More of the server's own options. */
  readonly settings?: readonly string[];
}

/** With signs in it that a URL must not have as they are. */
export const PASSWORD = "pl@nted/p:ss#1";
const ENCODED = encodeURIComponent(PASSWORD);

const running = new Set<Bun.Subprocess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export async function startRedis({
  tls,
  host = "127.0.0.1",
  settings = [],
}: DatabaseOptions = {}): Promise<DatabaseServer> {
  const folder = tempFolder();
  const port = freePort();
  const certificate = tls === undefined ? null : filesOf(folder, tls);
  const child = Bun.spawn(
    [
      "redis-server",
      ...["--dir", folder, "--bind", "127.0.0.1", "--requirepass", PASSWORD, "--save", ""],
      ...["--appendonly", "yes", "--maxmemory-policy", "noeviction"],
      ...(certificate === null ? ["--port", `${port}`] : ["--port", "0", "--tls-port", `${port}`]),
      ...(certificate === null ? [] : ["--tls-cert-file", certificate.cert, "--tls-key-file", certificate.key]),
      ...(certificate === null ? [] : ["--tls-ca-cert-file", certificate.cert, "--tls-auth-clients", "no"]),
      ...settings,
    ],
    { stdout: "pipe", stderr: "ignore", stdin: "ignore" },
  );
  running.add(child);
  await said(child.stdout, /Ready to accept connections/);
  const scheme = tls === undefined ? "redis" : "rediss";
  const address = (name: string): string => `${scheme}://:${ENCODED}@${host}:${port}/0?prefix=${name}`;
  return server(child, { port, folder }, "SIGKILL", address, async () => {
    const following = ["--replicaof", `127.0.0.1 ${port}`, "--masterauth", PASSWORD];
    const replica = await startRedis({ settings: [...settings, ...following] });
    return { ...replica, promote: async () => void (await inRedis(replica, "REPLICAOF", "NO", "ONE")) };
  });
}

export async function startPostgres({
  tls,
  host = "127.0.0.1",
  settings = [],
}: DatabaseOptions = {}): Promise<DatabaseServer> {
  const programs = postgresPrograms();
  if (programs === null) throw new Error("PostgreSQL isn't installed");
  const folder = tempFolder();
  writeFileSync(join(folder, "password"), PASSWORD);
  const certificate = tls === undefined ? null : filesOf(folder, tls);
  // It refuses to run as root.
  const isRoot = process.getuid?.() === 0;
  const as = isRoot ? ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"] : [];
  if (isRoot)
    for (const path of [folder, join(folder, "password"), ...Object.values(certificate ?? {})])
      chownSync(path, NOBODY, NOBODY);
  const data = join(folder, "data");
  const made = await run(
    [
      ...as,
      join(programs, "initdb"),
      "-D",
      data,
      "-U",
      "auth",
      "--auth=scram-sha-256",
      "--no-sync",
      "-E",
      "UTF8",
      "--locale=C",
      `--pwfile=${folder}/password`,
    ],
    { cwd: folder },
  );
  if (made.code !== 0) throw new Error(`initdb: ${made.stderr}`);
  const more = [
    ...(certificate === null ? [] : ["ssl=on", `ssl_cert_file=${certificate.cert}`, `ssl_key_file=${certificate.key}`]),
    ...settings,
  ];
  const mode = tls === undefined ? "" : "&sslmode=verify-full";
  const address = (port: number, name: string): string =>
    `postgres://auth:${ENCODED}@${host}:${port}/postgres?schema=${name}${mode}`;
  return runPostgres({ programs, as, folder, data, more, address });
}

interface PostgresPlace {
  readonly programs: string;
  /** What each command begins with. */
  readonly as: readonly string[];
  readonly folder: string;
  readonly data: string;
  readonly more: readonly string[];
  address(port: number, name: string): string;
}

async function runPostgres(place: PostgresPlace): Promise<DatabaseServer> {
  const { programs, as, folder, data, more, address } = place;
  const port = freePort();
  const options = [`port=${port}`, "listen_addresses=127.0.0.1", `unix_socket_directories=${folder}`, ...more];
  const child = Bun.spawn(
    [...as, join(programs, "postgres"), "-D", data, ...options.flatMap((option) => ["-c", option])],
    { cwd: folder, stdout: "ignore", stderr: "pipe", stdin: "ignore" },
  );
  running.add(child);
  await said(child.stderr, /database system is ready to accept (read-only )?connections/);
  const replica = async (): Promise<Replica> => {
    const copy = `${data}-${freePort()}`;
    const from = ["-h", "127.0.0.1", "-p", `${port}`, "-U", "auth", "-R", "-X", "stream", "--checkpoint=fast"];
    const taken = await run([...as, join(programs, "pg_basebackup"), ...from, "--no-sync", "-D", copy], {
      cwd: folder,
      env: { PGPASSWORD: PASSWORD },
    });
    if (taken.code !== 0) throw new Error(`pg_basebackup: ${taken.stderr}`);
    const follower = await runPostgres({ ...place, data: copy });
    return { ...follower, promote: async () => void (await inPostgres(follower, "SELECT pg_promote()")) };
  };
  return server(child, { port, folder: data }, "SIGINT", (name) => address(port, name), replica);
}

/** One statement, by the server's owner. */
export async function inPostgres({ port }: DatabaseServer, statement: string): Promise<Record<string, unknown>[]> {
  const client = new SQL({ url: `postgres://auth:${ENCODED}@127.0.0.1:${port}/postgres`, max: 1, tls: false });
  try {
    return (await client.unsafe(statement).simple()) as Record<string, unknown>[];
  } finally {
    await client.close();
  }
}

/** One command. */
export async function inRedis({ port }: DatabaseServer, command: string, ...args: string[]): Promise<unknown> {
  const client = new Bun.RedisClient(`redis://:${ENCODED}@127.0.0.1:${port}/0`, { autoReconnect: false });
  try {
    return await client.send(command, args);
  } finally {
    client.close();
  }
}

const NOBODY = 65_534;

/** @param ending a fast shutdown of PostgreSQL; Redis refuses to end while it writes its file for the first time */
function server(
  child: Bun.Subprocess,
  place: Pick<DatabaseServer, "port" | "folder">,
  ending: NodeJS.Signals,
  address: DatabaseServer["address"],
  replica: DatabaseServer["replica"],
): DatabaseServer {
  return {
    ...place,
    address,
    replica,
    pause: () => child.kill("SIGSTOP"),
    resume: () => child.kill("SIGCONT"),
    async stop() {
      child.kill(ending);
      child.kill("SIGCONT");
      await child.exited;
      running.delete(child);
    },
  };
}

function filesOf(folder: string, { key, cert }: { key: string; cert: string }): { key: string; cert: string } {
  const files = { key: join(folder, "server.key"), cert: join(folder, "server.pem") };
  writeFileSync(files.key, key);
  writeFileSync(files.cert, cert);
  chmodSync(files.key, 0o600);
  return files;
}

/** Below the ports that systems give to connections: one of those may be taken before the server binds it. */
export function freePort(): number {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    try {
      Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } }).stop(true);
      return port;
    } catch (error) {
      if (errorCode(error) !== "EADDRINUSE") throw error;
    }
  }
}

/** Waits for a line, and goes on reading so that the program isn't held up. */
async function said(stream: ReadableStream<Uint8Array>, line: RegExp): Promise<void> {
  const found = Promise.withResolvers<void>();
  void (async () => {
    const decoder = new TextDecoder();
    let text = "";
    for await (const bytes of stream) {
      text += decoder.decode(bytes, { stream: true });
      if (line.test(text)) found.resolve();
      text = text.slice(-10_000);
    }
    found.reject(new Error(`the server ended: ${text}`));
  })();
  await found.promise;
}
