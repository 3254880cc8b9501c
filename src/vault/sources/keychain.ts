/** The key is in the operating system's keychain, under the vault's id. One that hangs is given 3 seconds. */
import { AuthError, messageOf, RAISE_FILE_LIMIT } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { sameText } from "../../platform/secret.ts";
import { random } from "../bytes.ts";
import { ifKeyIsElsewhere, type KeyRequest, type KeySource, locked, parseKey } from "./source.ts";

const SERVICE = "auth";
const GLIB_FILES = 16;

export const keychainSource: KeySource = {
  async open(request) {
    const text = await inTime(() => Bun.secrets.get(entryOf(request)));
    if (text === null) {
      const hint = await ifKeyIsElsewhere(request.context, WAYS_OUT);
      throw locked("The system's keychain is locked, or has no key for this vault.", hint);
    }
    return parseKey(text, "The keychain's entry");
  },
  async create(request) {
    const key = random(32);
    const text = key.toBase64();
    const entry = entryOf(request);
    const hint = await otherSource(request);
    await inTime(() => Bun.secrets.set({ ...entry, value: text }), hint);
    const stored = await inTime(() => Bun.secrets.get(entry), hint);
    if (stored !== null && sameText(stored, text)) return { key, kdf: null };
    throw locked("The system's keychain didn't keep the key it was given.", hint);
  },
  async forget(request) {
    await inTime(() => Bun.secrets.delete(entryOf(request)));
  },
};

/** Whether there is a keychain that answers. */
export async function isInReach(): Promise<boolean> {
  try {
    await inTime(() => Bun.secrets.get({ service: SERVICE, name: "vault" }));
    return true;
  } catch (error) {
    if (error instanceof AuthError) return false;
    throw error;
  }
}

/** A rekey writes a new entry beside the old one, so that either header finds its own. */
function entryOf({ vaultId, keyId }: KeyRequest): { service: string; name: string } {
  return { service: SERVICE, name: `vault ${vaultId} ${keyId}` };
}

const WAYS_OUT =
  "Unlock the keychain and try again, or give the vault a key that this session can use, from the desktop session: auth vault rekey --key file   (or passphrase)";

/** Nothing has its key there yet. */
async function otherSource({ context, rekeys }: KeyRequest): Promise<string> {
  // A key file would leave every other machine outside.
  const isShared = (await import("../store.ts")).storeAt(context).forOthers !== null;
  const source = isShared
    ? `auth vault ${rekeys ? "rekey" : "init"} --key env   (or command, passphrase)`
    : `auth vault ${rekeys ? "rekey" : "init"} --key file   (or passphrase, env, command)`;
  return `Unlock the keychain and try again, or choose another key source: ${source}`;
}

/**
 * Milliseconds. macOS asks the person whether a new version of this program may read the key, since each version has a
 * signature of its own.
 */
export function timeLimitFor(platform: NodeJS.Platform, onTerminal: boolean): number {
  return platform === "darwin" && onTerminal ? LIMITS.keychainAsking : LIMITS.keychain;
}

/** @param hint for the error where it can't be reached */
async function inTime<T>(work: () => Promise<T>, hint = WAYS_OUT): Promise<T> {
  // GLib ends the process where it can't open what it needs.
  if (process.platform === "linux" && !(await import("../files.ts")).canOpenFiles(GLIB_FILES))
    throw locked("The system's keychain can't be asked: too many open files.", RAISE_FILE_LIMIT);
  const { isTerminal } = await import("../../platform/terminal.ts");
  const limit = timeLimitFor(process.platform, isTerminal(2));
  let timer: Timer | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const seconds = limit / 1000;
      reject(locked(`The system's keychain didn't answer within ${seconds} seconds.`, hint));
    }, limit);
  });
  try {
    return await Promise.race([work().catch((error: unknown) => refuseKeychain(error, hint)), deadline]);
  } finally {
    clearTimeout(timer);
  }
}

function refuseKeychain(error: unknown, hint: string): never {
  const reason = messageOf(error);
  const message = OUT_OF_REACH.test(reason)
    ? "The system's keychain can't be reached: this session has no access to the desktop session that holds it (as over SSH, in cron or in a container)."
    : `The system's keychain refused: ${reason}`;
  throw locked(message, hint, error);
}

/** What libsecret, D-Bus and macOS say where there is no desktop session, or none that may be asked. */
const OUT_OF_REACH =
  /d-?bus|autolaunch|could not connect|connection refused|not provided by any|serviceunknown|libsecret|interaction is not allowed/i;
