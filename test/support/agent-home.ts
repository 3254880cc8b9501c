/** A home with a login at an issuer whose replies can be held, and an agent that keeps its vault. */
import { CLI_PROTOCOL, type Status } from "../../src/agent/protocol.ts";
import { type HeldHome, heldHome } from "./held-home.ts";
import { succeeded } from "./home.ts";
import type { Ended } from "./program.ts";
import { until } from "./until.ts";

export const PASSPHRASE = "correct horse battery";
/** 32 bytes in Base64. */
const KEY = Buffer.from("0123456789abcdef0123456789abcdef").toString("base64");

/** By what a vault is opened, with the variable that has it. */
export const KEYS = {
  file: {},
  members: {},
  passphrase: { AUTH_PASSPHRASE: PASSPHRASE },
  env: { AUTH_KEY: KEY },
  command: { AUTH_KEY_COMMAND: `echo ${KEY}` },
} as const satisfies Record<string, Record<string, string>>;

/** Of the protocol between one `auth` and another. */
export const CLI = `/cli/${CLI_PROTOCOL}`;

export interface AgentHome extends HeldHome {
  readonly issuer: HeldHome["issuers"][number];
  /** `auth agent start`, with the variable that opens the vault. */
  start(...args: readonly string[]): Promise<Ended>;
  /** null where none runs. */
  status(): Promise<(Status & { readonly socket: string; readonly tcpSecret: string | null }) | null>;
  /** A request over the socket. */
  ask(path: string, init?: RequestInit): Promise<{ readonly status: number; readonly body: Record<string, unknown> }>;
}

/** @param lifetime seconds that access tokens live */
export async function agentHome(lifetime: number, key: keyof typeof KEYS = "file"): Promise<AgentHome> {
  const home = await heldHome(["acme"], lifetime);
  const env: Record<string, string> = KEYS[key];
  const next = Object.entries(env).map(([name, value]) => [name.replace("AUTH_", "AUTH_NEW_"), value]);
  if (key !== "file") await succeeded(home.call(["vault", "rekey", "--key", key], { env: Object.fromEntries(next) }));
  let socket: string | null = null;
  const status: AgentHome["status"] = async () => {
    const { code, stdout } = await home.call(["agent", "status", "--json", "--show-secret"]);
    const found = code === 0 ? JSON.parse(stdout) : null;
    socket = found?.socket ?? socket;
    return found;
  };
  const [issuer] = home.issuers;
  if (issuer === undefined) throw new Error("no issuer");
  return {
    ...home,
    issuer,
    start: async (...args) => {
      const ended = await home.call(["agent", "start", ...args], { env });
      await status();
      return ended;
    },
    status,
    async ask(path, init = {}) {
      if (socket === null) throw new Error("no agent was started");
      const response = await fetch(`http://localhost${path}`, { ...init, unix: socket });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
    async stop() {
      await home.call(["agent", "stop"]);
      await home.stop();
    },
  };
}

export function post(body: unknown, type = "application/json"): RequestInit {
  return { method: "POST", headers: { "content-type": type }, body: JSON.stringify(body) };
}

/** Ends an agent as the kernel would. */
export async function kill(pid: number): Promise<void> {
  process.kill(pid, "SIGKILL");
  await until("it ended", () => !isAlive(pid));
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
