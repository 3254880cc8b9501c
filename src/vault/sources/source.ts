/**
 * Where a vault's key comes from. A source gives the 32 bytes that wrap the vault's own keys; one small file each,
 * but for AUTH_KEY, which is only read.
 */
import type { Context, Environment } from "../../platform/context.ts";
import { AuthError, messageOf, usage } from "../../platform/errors.ts";
import type { Secret } from "../../platform/secret.ts";
import type { Bytes } from "../bytes.ts";
import type { Kdf } from "../header.ts";
import type { Member, Team } from "../members.ts";
import { fileSource, forgetOtherKeys } from "./file.ts";

/** In the order of their numbers in the header. */
export const SOURCE_NAMES = ["file", "env", "command", "passphrase", "keychain", "members"] as const;
export type SourceName = (typeof SOURCE_NAMES)[number];

/** Asks the person at the terminal without showing what is typed. */
export type Prompt = (question: string) => Promise<Secret>;

/** For which key a source is asked: a vault's, under one of its data keys. */
export interface KeyRequest {
  /** It is for a vault that has another key until then. */
  readonly rekeys?: true;
  readonly context: Context;
  readonly vaultId: string;
  readonly keyId: string;
  /** As recorded in the header. */
  readonly kdf: Kdf | null;
  /** Of a vault with members, as recorded in the header: the wrapping key, encrypted for each of them. */
  readonly envelope?: Bytes;
  /** Who the members of a vault that is made or rekeyed are to be; absent: this home alone. */
  readonly members?: readonly Member[];
  readonly prompt?: Prompt;
}

/** A key for a vault, and what its header records of it. */
export interface NewKey {
  readonly key: Bytes;
  readonly kdf: Kdf | null;
  /** What the same passphrase gave until then, where it was one. */
  readonly before?: Bytes;
  readonly team?: Team;
}

export interface KeySource {
  /** @throws AuthError `vault_locked` or `key_invalid` */
  open(request: KeyRequest): Promise<Bytes>;
  /** A key for a vault that is being made or rekeyed; it is stored for good before this returns. */
  create(request: KeyRequest): Promise<NewKey>;
  /** Erases what `create` stored. */
  forget(request: KeyRequest): Promise<void>;
}

/** Sources that may run a program or ask a person: never while a connection's lock is held (RULES.md 1.3). */
export const ASKING: readonly SourceName[] = ["command", "passphrase", "keychain"];
/** Sources that keep a key of our making; the others are handed theirs. */
export const STORED: readonly SourceName[] = ["file", "keychain"];

/** The two on the hot path are imported statically; the others are loaded when they are asked. */
export function sourceOf(name: SourceName): KeySource | Promise<KeySource> {
  switch (name) {
    case "file":
      return fileSource;
    case "env":
      return envSource;
    default:
      return loaded(name);
  }
}

async function loaded(name: Exclude<SourceName, "file" | "env">): Promise<KeySource> {
  switch (name) {
    case "command":
      return (await import("./command.ts")).commandSource;
    case "passphrase":
      return (await import("./passphrase.ts")).passphraseSource;
    case "keychain":
      return (await import("./keychain.ts")).keychainSource;
    case "members":
      return (await import("./members.ts")).membersSource;
  }
}

/** The variable that chooses a source at creation, and must open the vault afterwards (CLI.md §5). */
export const VARIABLES = { env: "AUTH_KEY", command: "AUTH_KEY_COMMAND", passphrase: "AUTH_PASSPHRASE" } as const;
export type VariableSource = keyof typeof VARIABLES;
const VARIABLE_SOURCES = ["env", "command", "passphrase"] as const;

/**
 * The source that the environment names: the recorded one where its variable is set, else the first that is.
 * Empty means unset, as everywhere.
 */
export function sourceInEnvironment({ env }: Context, recorded: SourceName | null): VariableSource | null {
  let first: VariableSource | null = null;
  for (const name of VARIABLE_SOURCES) {
    if (!env[VARIABLES[name]]) continue;
    if (name === recorded) return name;
    first ??= name;
  }
  return first;
}

/** A member's own key. It is looked at only where a vault has members, and so chooses no source. */
export const IDENTITY_VARIABLE = "AUTH_IDENTITY";

/**
 * The variables that open a vault, or a backup of one: the key itself, or how to come by it; with `NEW_` the one that a
 * vault gets. What has no need of them doesn't get them, whoever starts it.
 */
const OPENS = /^AUTH_(NEW_|BACKUP_)?(KEY|KEY_COMMAND|PASSPHRASE|IDENTITY)$/;

export function opensVault(name: string): boolean {
  return OPENS.test(name);
}

/** The environment of what is handed its key, or is to have none. */
export function withoutKeys(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !opensVault(name)));
}

/** For a message about a variable that isn't set. */
export const NOT_HANDED_ON = "what 'auth run -- <command>' runs doesn't get it, unless --keep-key is given";

/** How a message names a source. */
export const SOURCE_WORDS: Record<SourceName, string> = {
  file: "the key file",
  env: "AUTH_KEY",
  command: "AUTH_KEY_COMMAND",
  passphrase: "a passphrase",
  keychain: "the system's keychain",
  members: "its members' keys",
};

/** The key is in AUTH_KEY. Nothing is stored. */
const envSource: KeySource = {
  async open({ context }) {
    const text = context.env.AUTH_KEY;
    if (!text)
      throw locked(
        "The vault's key comes from AUTH_KEY, which is not set.",
        `Set AUTH_KEY to the key that the vault was made with (${NOT_HANDED_ON}).`,
      );
    return parseKey(text, "AUTH_KEY");
  },
  async create(request) {
    if (!request.context.env.AUTH_KEY) throw request.rekeys ? noNewKey() : noKey();
    return { key: await this.open(request), kdf: null };
  },
  async forget() {},
};

function noKey(): AuthError {
  return locked(
    "AUTH_KEY is not set.",
    "Set AUTH_KEY to a new key, and keep it: export AUTH_KEY=$(openssl rand -base64 32)",
  );
}

/** The new key has to outlive the command: one that is made on its line would be lost with it, and the vault too. */
function noNewKey(): AuthError {
  return locked("There is no new key: AUTH_NEW_KEY is not set.", NEW_KEY_LINES);
}

const NEW_KEY_LINES = [
  "Give the new key in AUTH_NEW_KEY, and keep it: AUTH_KEY must hold it afterwards.",
  "  export AUTH_NEW_KEY=$(openssl rand -base64 32)",
  "  auth vault rekey --key env",
  "  export AUTH_KEY=$AUTH_NEW_KEY",
].join("\n");

/** Who had the key would still open the vault: a rekey is there to end that. */
export function sameKey(source: SourceName): AuthError {
  const hints: Partial<Record<SourceName, string>> = {
    env: NEW_KEY_LINES,
    command:
      "Give a command that prints another key in AUTH_NEW_KEY_COMMAND: AUTH_KEY_COMMAND must hold it afterwards.",
    passphrase:
      "Give another passphrase in AUTH_NEW_PASSPHRASE, or at the terminal, which asks for it where AUTH_PASSPHRASE isn't set.",
  };
  return usage(
    `This is the vault's key already, from ${SOURCE_WORDS[source]}: it would open the vault as before.`,
    `Nothing was changed. ${hints[source] ?? "Give another one."}`,
  );
}

/** Erases a key that nothing needs any more. Where it can't be erased, that is a warning: the vault is unharmed. */
export function forget(source: SourceName, request: KeyRequest): Promise<void> {
  return warning(request.context, source, async () => (await sourceOf(source)).forget(request));
}

/**
 * Erases from the key file what a rekey left behind when it was killed: this vault's keys but for the one on record.
 * The vault lock must be held.
 */
export function forgetStale(context: Context, header: { vaultId: string; source: SourceName; keyId: string }) {
  const { vaultId, source, keyId } = header;
  return warning(context, "file", () => forgetOtherKeys(context, vaultId, source === "file" ? keyId : null));
}

async function warning(context: Context, source: SourceName, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const reason = messageOf(error);
    context.warn(`A key that is no longer used could not be erased from ${SOURCE_WORDS[source]}: ${reason}`);
  }
}

const KEY_BYTES = 32;

/**
 * A key as text: 32 bytes in base64, base64url or hex, which differ in length.
 *
 * @param from what gave the text, for messages: `AUTH_KEY`
 * @throws AuthError `key_invalid`
 */
export function parseKey(text: string, from: string): Bytes {
  const key = decode(text.trim());
  if (key === null || key.length !== KEY_BYTES)
    throw new AuthError("key_invalid", `${from} is not a key: it must be 32 bytes in base64, base64url or hex.`, {
      hint: "Make one: openssl rand -base64 32",
    });
  if (key.every((byte) => byte === key[0]))
    throw new AuthError("key_invalid", `${from} is one byte repeated 32 times, which is no key.`, {
      hint: "Make one: openssl rand -base64 32",
    });
  return key;
}

function decode(text: string): Bytes | null {
  if (text.length === 2 * KEY_BYTES) return /^[0-9a-f]+$/i.test(text) ? Uint8Array.fromHex(text) : null;
  // The padding may be left out.
  if (/^[\w-]{43}=?$/.test(text)) return Uint8Array.fromBase64(text, { alphabet: "base64url" });
  return /^[A-Za-z0-9+/]{43}=?$/.test(text) ? Uint8Array.fromBase64(text) : null;
}

/** The key that would open the vault isn't to be had. The vault is as it was. */
export function locked(message: string, hint: string, cause?: unknown): AuthError {
  return new AuthError("vault_locked", message, { hint, cause });
}

/** What to do where the key is gone for good: lines for a hint, after what brings it back. */
export async function ifKeyIsLost(context: Context): Promise<string> {
  const { storeAt } = await import("../store.ts");
  const lost =
    "If the key is gone for good, the logins in this vault are lost; their tokens live on at the providers until they end or are revoked there.";
  return `${lost}\n${await storeAt(context).beginAgain()}`;
}

/** The same, of a key that is kept on a machine. @param here what brings it back to this one */
export async function ifKeyIsElsewhere(context: Context, here: string): Promise<string> {
  const { forOthers } = (await import("../store.ts")).storeAt(context);
  const there = "The key is kept on the machine where the vault was made, or was given a new one.";
  const way = forOthers === null ? here : `${there} On that machine, give it one for others: ${forOthers}`;
  return `${way}\n${await ifKeyIsLost(context)}`;
}
