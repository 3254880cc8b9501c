/** Starting an agent in the background, and unlocking one that runs. */
import { version } from "../../../package.json";
import { type AgentClient, agentClient } from "../../agent/client.ts";
import { agentPlace } from "../../agent/place.ts";
import type { Status } from "../../agent/protocol.ts";
import { AuthError, usage } from "../../platform/errors.ts";
import { parseJson } from "../../platform/json.ts";
import { ownPath } from "../../platform/own-program.ts";
import type { Secret } from "../../platform/secret.ts";
import { vaultKey } from "../../vault/handover.ts";
import { type Prompt, withoutKeys } from "../../vault/sources/source.ts";
import { type VaultStatus, vaultStatus } from "../../vault/status.ts";
import type { Cli } from "../context.ts";
import { vaultDialogue } from "../session.ts";
import type { ServeOptions } from "./serve.ts";

/** The defaults are those of the agent that it replaces, else the usual ones. */
export interface StartOptions {
  /** Milliseconds; null: never. */
  readonly idle?: number | null;
  readonly tcp?: true;
}

export interface Started {
  readonly status: Status;
  /** What was done for it. */
  readonly how: "started" | "restarted" | "unlocked" | "running";
}

/** @throws AuthError where there is no vault, its key can't be had, or the agent doesn't start */
export async function startAgent(cli: Cli, options: StartOptions): Promise<Started> {
  const vault = await requireVault(cli);
  const client = agentClient(agentPlace(cli.context.paths, vault.vaultId));
  const running = await client.status();
  // In this order: an agent that is just starting must not look like one of another protocol version.
  const hello = running && (await client.hello());
  if (hello !== null && running?.version === version) {
    if (!running.locked) return { status: running, how: "running" };
    await client.unlock(await keyFor(cli));
    return { status: await helloOf(client), how: "unlocked" };
  }
  // Before the old one is ended, since the key may be wrong.
  const key = await keyFor(cli);
  if (running !== null) await endAgent(client);
  const usual = running === null || running.idleSeconds === null ? null : running.idleSeconds * 1000;
  const { idle = running === null ? IDLE_MS : usual, tcp = running !== null && running.tcp !== null } = options;
  const how = (await spawnAgent(cli, vault.vaultId, { idle, tcp }, key)) ? "started" : "running";
  return { status: await helloOf(client), how: running === null ? how : "restarted" };
}

/** null where none runs, or none could be found. */
export async function runningAgent({ context }: Cli): Promise<Status | null> {
  try {
    const vault = await vaultStatus(context);
    return vault && (await agentClient(agentPlace(context.paths, vault.vaultId)).status());
  } catch (error) {
    if (error instanceof AuthError) return null;
    throw error;
  }
}

/** Milliseconds. */
const HELLO_TIME = 3_000;

/** @throws AuthError `connection_not_found` */
export async function requireVault({ context }: Cli): Promise<VaultStatus> {
  const vault = await vaultStatus(context);
  if (vault === null) throw noVault();
  return vault;
}

function noVault(): AuthError {
  return new AuthError("connection_not_found", "There is no vault yet, so there is nothing for an agent to keep.", {
    hint: "The first login makes one: auth login <provider>",
  });
}

async function helloOf(client: AgentClient): Promise<Status> {
  const end = performance.now() + HELLO_TIME;
  do {
    const hello = await client.hello();
    if (hello !== null) return hello.status;
    // Another agent, started at the same moment, is about to answer.
    await Bun.sleep(20);
  } while (performance.now() < end);
  throw new AuthError("internal", "The agent doesn't answer.", { hint: "See: auth agent status" });
}

/** The vault's key for an agent, in the form of AUTH_KEY. It is asked for here, once, and checked. */
export async function keyFor(cli: Cli, { prompt }: { prompt?: Prompt } = vaultDialogue(cli)): Promise<Secret> {
  const key = await vaultKey(cli.context, prompt);
  if (key === null) throw noVault();
  return key;
}

/** Milliseconds that an agent may take to end: it lets a refresh end. */
const END_TIME = 50_000;

export async function endAgent(client: AgentClient): Promise<void> {
  await client.stop();
  const end = performance.now() + END_TIME;
  while ((await client.status()) !== null) {
    if (performance.now() > end) throw new AuthError("busy", "The agent doesn't end.", { hint: "Try again." });
    await Bun.sleep(20);
  }
}

/** Milliseconds: a command that prints the key may take 30 seconds, a keychain may ask its person for a minute. */
const START_TIME = 90_000;

/**
 * Passes the key through a pipe: in the environment it could be read after locking. The agent gets no terminal.
 *
 * @returns false where another one was started at the same moment
 */
async function spawnAgent(
  cli: Cli,
  vaultId: string,
  options: Omit<ServeOptions, "key">,
  key: Secret,
): Promise<boolean> {
  const child = Bun.spawn([ownPath(), "__agent"], {
    argv0: "auth",
    ...(process.platform !== "win32" && { cwd: "/" }),
    env: withoutKeys(cli.context.env),
    stdio: ["pipe", "pipe", "ignore"],
    detached: true,
    windowsHide: true,
  });
  child.stdin.write(`${JSON.stringify({ ...options, vaultId, key: key.reveal() })}\n`);
  child.stdin.end();
  const said = await Promise.race([firstLine(child.stdout), Bun.sleep(START_TIME).then(() => null)]);
  child.unref();
  const answer = parseJson(said ?? "") as { ready?: unknown; error?: AuthErrorParts } | undefined;
  if (answer?.ready !== undefined) return true;
  if (answer?.error?.code === "busy") return false;
  if (answer?.error !== undefined) {
    const { code, message, hint } = answer.error;
    throw new AuthError(code, message, { ...(hint && { hint }) });
  }
  child.kill();
  throw new AuthError("internal", "The agent didn't start.", {
    hint: "Try it in this terminal: auth agent start --foreground",
  });
}

type AuthErrorParts = Pick<AuthError, "code" | "message" | "hint">;

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    const end = text.indexOf("\n");
    if (end >= 0) return text.slice(0, end);
  }
  return text;
}

/** The default: milliseconds without a request after which the agent locks. */
export const IDLE_MS = 15 * 60_000;

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `15m`, `90s`, `8h`, `never`. @returns milliseconds; null: never @throws AuthError `usage` */
export function idleTime(text: string): number | null {
  if (text === "never") return null;
  const [, number = "", unit = ""] = /^(\d{1,6})(s|m|h|d)$/.exec(text) ?? [];
  const time = Number(number) * (UNITS[unit as keyof typeof UNITS] ?? 0);
  if (time > 0) return time;
  throw usage("--idle takes a time, or 'never'.", "For example: --idle 15m   (s, m, h, d)");
}
