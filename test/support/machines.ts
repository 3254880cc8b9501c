/**
 * A machine that can be cut off from a server, so that nothing gets through and nobody is told. By a relay that stands
 * still, which works anywhere, or by a network namespace whose link is taken down, as a cable would be: then the kernel
 * sends again what is lost, and a new connection finds no one.
 */
import { join } from "node:path";
import { lacking } from "./needs.ts";
import { run, tempFolder } from "./program.ts";
import { relayTo } from "./relay.ts";

export interface Machine {
  /** What a command line begins with, to run there. */
  readonly under: readonly string[];
  /** The port of 127.0.0.1 at which this machine and every other one find the issuer. */
  readonly issuerAt: number;
  /** AUTH_STORE there, for what is AUTH_STORE here. */
  store(address: string): string;
  cut(from: "database" | "issuer"): Promise<void>;
  heal(): Promise<void>;
  stop(): Promise<void>;
}

export interface Servers {
  /** Ports on this machine. */
  readonly database: number;
  readonly issuer: number;
}

/** By name. Where no namespace can be made, the other kind proves the same with less of a network in it, and says so. */
export function machineKinds(): Readonly<Record<string, (servers: Servers) => Promise<Machine>>> {
  return lacking("linux", "networks")
    ? { "behind a relay (no network namespaces here)": behindRelay }
    : { "behind a relay": behindRelay, "in a network namespace": inNamespace };
}

async function behindRelay({ database, issuer }: Servers): Promise<Machine> {
  const ways = { database: await relayTo(database), issuer: await relayTo(issuer) };
  return {
    under: [],
    issuerAt: ways.issuer.port,
    store: (address) => address.replace(`:${database}/`, `:${ways.database.port}/`),
    cut: async (from) => ways[from].freeze(),
    heal: async () => {
      for (const way of Object.values(ways)) way.thaw();
    },
    stop: async () => {
      for (const way of Object.values(ways)) await way.cut();
    },
  };
}

let made = 0;

/** The database is at the other end of the link. The issuer, which must be on 127.0.0.1, is reached past it, by a file. */
async function inNamespace({ database, issuer }: Servers): Promise<Machine> {
  const name = `at${process.pid.toString(36)}${++made}`;
  const net = `10.${random(64, 250)}.${random(0, 255)}`;
  const block = 4 * random(0, 63);
  const [here, there] = [`${net}.${block + 1}`, `${net}.${block + 2}`];
  const ip = (...args: string[]): Promise<void> => must("ip", ...args);
  const inside = ["ip", "netns", "exec", name];
  const socket = join(tempFolder(), "issuer");
  await ip("netns", "add", name);
  await ip("link", "add", `${name}h`, "type", "veth", "peer", "name", `${name}m`, "netns", name);
  await ip("addr", "add", `${here}/30`, "dev", `${name}h`);
  await ip("-n", name, "addr", "add", `${there}/30`, "dev", `${name}m`);
  for (const link of [["lo"], [`${name}m`]]) await ip("-n", name, "link", "set", ...link, "up");
  await ip("link", "set", `${name}h`, "up");
  const ways = { database: await relayTo(database, { host: here }), issuer: await relayTo(issuer, { path: socket }) };
  // The others are on this machine.
  const front = await relayTo(issuer);
  const near = Bun.spawn([...inside, process.execPath, "-e", NEAR, String(front.port), socket], {
    stdout: "pipe",
    stderr: "inherit",
  });
  await near.stdout.getReader().read();
  return {
    under: inside,
    issuerAt: front.port,
    store: (address) => {
      const moved = address.replace(`127.0.0.1:${database}/`, `${here}:${ways.database.port}/`);
      return `${moved}&accept-cleartext=1${moved.startsWith("postgres:") ? "&sslmode=disable" : ""}`;
    },
    cut: async (from) => {
      if (from === "issuer") ways.issuer.freeze();
      else await ip("link", "set", `${name}h`, "down");
    },
    heal: async () => {
      ways.issuer.thaw();
      await ip("link", "set", `${name}h`, "up");
    },
    async stop() {
      near.kill("SIGKILL");
      await near.exited;
      for (const way of [front, ...Object.values(ways)]) await way.cut();
      await ip("link", "del", `${name}h`);
      await ip("netns", "del", name);
    },
  };
}

/** Within the namespace: hands on what comes to a port of its 127.0.0.1. */
const NEAR = `
const { connect, createServer } = require("node:net");
const [port, path] = process.argv.slice(-2);
createServer((from) => {
  const to = connect(path);
  for (const [one, other] of [[from, to], [to, from]]) {
    one.on("error", () => other.destroy());
    one.on("close", () => other.destroy());
    one.pipe(other);
  }
}).listen(Number(port), "127.0.0.1", () => console.log("ready"));
`;

const random = (from: number, to: number): number => from + Math.floor(Math.random() * (to - from + 1));

async function must(...command: string[]): Promise<void> {
  const { code, stderr } = await run(command);
  if (code !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
}
