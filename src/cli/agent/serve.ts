/** The agent's process: one for each vault, from its unlocking to its end. */
import { unlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type AgentPlace, agentPlace } from "../../agent/place.ts";
import { type AgentServer, serveAgent } from "../../agent/server.ts";
import { type SessionWatch, watchSession } from "../../agent/session-lock.ts";
import type { PersonNeed } from "../../platform/context.ts";
import { AuthError, errorCode } from "../../platform/errors.ts";
import { protectMemory } from "../../platform/own-memory.ts";
import type { Secret } from "../../platform/secret.ts";
import { onEnd } from "../../platform/signals.ts";
import { isThere } from "../../platform/small-file.ts";
import { createPrivate, ensureFolder, ensureOwnFolder, kindOf, lstat } from "../../vault/files.ts";
import { openLockFile } from "../../vault/lock.ts";
import { withoutKeys } from "../../vault/sources/source.ts";
import type { Cli } from "../context.ts";
import { asAuthError, EXIT_CODES, errorJson } from "../exit.ts";
import { notifyOnDesktop } from "../notify.ts";
import { vaultKeeper } from "./keeper.ts";
import { agentService } from "./service.ts";

export interface ServeOptions {
  /** Milliseconds; null: never. */
  readonly idle: number | null;
  /** On loopback, too. */
  readonly tcp: boolean;
  /** The vault's, in the form of AUTH_KEY; null: it starts locked. */
  readonly key: Secret | null;
}

const LOOK_MS = 1_000;

/**
 * Runs until it is stopped.
 *
 * @param ready called once it answers
 * @throws AuthError where it can't start: `busy` where another one runs
 */
export async function serve(
  given: Cli,
  vaultId: string,
  { idle, tcp, key }: ServeOptions,
  ready: (status: unknown) => Promise<void>,
): Promise<void> {
  protectMemory();
  const cli = apart(given);
  const { paths } = cli.context;
  const place = agentPlace(paths, vaultId);
  ensureFolder(dirname(paths.vault));
  ensureOwnFolder(place.folder);
  const lock = openLockFile(place.lock);
  const end = Promise.withResolvers<void>();
  let watch: SessionWatch | null = null;
  try {
    if (!lock.take())
      throw new AuthError("busy", "An agent of this vault is running.", { hint: "See: auth agent status" });
    removeLeftover(place);
    let server: AgentServer | null = null;
    const keeper = vaultKeeper(cli, vaultId, () => service.forget());
    watch = watchSession(cli.context.env, () => void keeper.lock("session"));
    const isWindows = process.platform === "win32";
    const service = agentService(cli, keeper, {
      vaultId,
      idle,
      locksWithSession: watch.works,
      socket: isWindows ? null : place.socket,
      tcp: () => server?.tcp ?? null,
      stop: () => setTimeout(end.resolve, REPLY_MS),
    });
    if (key !== null) await keeper.unlock(key);
    server = listening(place, isWindows, () =>
      serveAgent({ socket: isWindows ? null : place.socket, tcp: tcp || isWindows, service, describe }),
    );
    onEnd(end.resolve);
    const timer = setInterval(() => {
      // No client can find it any more: its folder, or the whole home, was removed.
      if (!isThere(isWindows ? place.address : place.socket)) end.resolve();
      else if (idle !== null && keeper.lockedBy() === null && keeper.idle() >= idle) void keeper.lock("idle");
      else service.follower.renew();
    }, LOOK_MS);
    try {
      await ready(service.status());
      await end.promise;
    } finally {
      clearInterval(timer);
      await keeper.lock("request");
      await server.close();
      removeLeftover(place);
    }
  } finally {
    watch?.stop();
    lock.close();
  }
}

/** Milliseconds for the reply to the request that ends it. */
const REPLY_MS = 50;

/** Ignores tokens, AUTH_PROFILE and keys in the environment of the command that started it: the vault alone counts. */
function apart(cli: Cli): Cli {
  const { context } = cli;
  const env = { ...withoutKeys(context.env), AUTH_IGNORE_ENV: "1", AUTH_PROFILE: undefined };
  const notify = async (need: PersonNeed): Promise<boolean> => {
    const isTold = (await context.notify?.(need)) ?? false;
    return (await notifyOnDesktop(env, need)) || isTold;
  };
  return { ...cli, context: { ...context, env, paths: context.paths, notify } };
}

/** Removes what a killed agent has left. @throws AuthError `file_untrusted` where another program made it */
function removeLeftover({ socket, address }: AgentPlace): void {
  for (const path of [socket, address]) {
    const there = lstat(path);
    if (there === null) continue;
    const isOurs = path === socket ? there.isSocket() : kindOf(there) === "file";
    if (!isOurs)
      throw new AuthError("file_untrusted", `${path} is in the agent's way, and not what an agent leaves.`, {
        hint: "Look at it, and move it away.",
      });
    unlinkSync(path);
  }
}

function listening({ socket, address }: AgentPlace, isWindows: boolean, serveThere: () => AgentServer): AgentServer {
  let server: AgentServer;
  try {
    server = serveThere();
  } catch (error) {
    const hint =
      errorCode(error) === "ENAMETOOLONG"
        ? "A socket's path may have about a hundred characters. Set AUTH_HOME to a shorter one."
        : "See what is there: auth doctor";
    throw new AuthError("vault_unwritable", `The agent can't listen at ${socket}: ${errorCode(error)}.`, {
      cause: error,
      hint,
    });
  }
  if (isWindows) {
    createPrivate(address);
    writeFileSync(address, JSON.stringify(server.tcp));
  }
  return server;
}

function describe(error: unknown): { readonly exitCode: number; readonly body: string } {
  const known = asAuthError(error);
  const exitCode = EXIT_CODES[known.code];
  return { exitCode, body: errorJson(known, exitCode, []) };
}
