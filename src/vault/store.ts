/**
 * Where a context's vault is: a file of this home, or a database that machines share. All that differs between the two is
 * here, so that no one else asks which it is. On the way to every token: what is heavy is loaded when it is used.
 */
import type { Context, GivenStore } from "../platform/context.ts";
import type { AuthError } from "../platform/errors.ts";
import { absolutePath } from "../platform/paths.ts";
import type { Bytes } from "./bytes.ts";
import type { Preparation } from "./create.ts";
import type { StoreDriver } from "./driver.ts";
import { fileStore } from "./file-store.ts";
import type { GivenBy } from "./giver.ts";
import type { Header } from "./header.ts";
import { keptStore } from "./kept-store.ts";
import type { Rekeyed, RekeyOptions } from "./rekey.ts";
import type { KeyRequest, Prompt, SourceName } from "./sources/source.ts";
import type { VaultStatus } from "./status.ts";
import type { Vault } from "./types.ts";

export interface VaultStore {
  /** null: it is the home's own. */
  readonly chosenBy: GivenBy | null;
  /** The vault file; for a database, a path of this home beside which are its locks. */
  readonly file: string;
  /** Whether it is a database, which other machines may use. */
  readonly isShared: boolean;
  /** The whole place, for messages: without a password. @throws AuthError `usage` */
  shown(): Promise<string>;
  /** As `openVault`. */
  open(options: VaultOptions): Promise<Vault | null>;
  /** For what needs no more than the header; null where there is no vault. @throws AuthError as `open` */
  openDriver(): Promise<StoreDriver | null>;
  /** Whether a vault, or something else, has the place. @throws AuthError as `open` */
  isTaken(): Promise<boolean>;
  /** Whether a vault could be made here. Makes nothing. @throws AuthError `vault_unwritable`; as `open` */
  requirePlace(): Promise<void>;
  /** As `prepareVault`. @param source null: neither a person nor the environment has chosen one @param index of the new vault */
  prepare(source: SourceName | null, request: KeyRequest, index: Bytes): Promise<Preparation>;
  /** As `rekeyVault`. */
  rekey(options: RekeyOptions): Promise<Rekeyed>;
  /** As `vaultStatus`. */
  status(): Promise<VaultStatus | null>;
  /** Opens the vault, and with that knows it from now on. @throws AuthError as `open`, and where it may be another one than is meant */
  join(options: AcceptOptions): Promise<Accepted>;
  /** `auth vault accept`. @throws AuthError `usage` where the vault is a file; as `join` */
  accept(options: AcceptOptions): Promise<Accepted>;
  /** Where another machine finds it, without a password; null: it can't, or not without a password in the address. */
  address(): Promise<string | null>;
  /**
   * Why a key no longer opens it, as far as this home knows that it had another one; null: it doesn't.
   *
   * @param from what gave the key
   */
  otherKey(header: Header, from: string): Promise<AuthError | null>;
  /** What to say to whoever reads and finds no vault here; null: that is how every home begins. */
  absent(): Promise<AuthError | null>;
  /** How other machines can open it where its key is kept on one of them; null: no other machine uses it. */
  readonly forOthers: string | null;
  /** Lines of a hint: how to begin with another vault where this one is lost. */
  beginAgain(): Promise<string>;
}

export interface VaultOptions {
  /** Asks for a passphrase; left out where no person can be asked. */
  readonly prompt?: Prompt;
  /** A header that was read moments ago may do, where asking takes long: for what changes nothing, as a rule. */
  readonly allowCached?: boolean;
  /** The vault through a process that has its key, asked before a source that takes long or asks a person. null: there is none. */
  readonly throughHolder?: (header: Header) => Promise<Vault | null>;
}

/** What shows that a vault with members is the one that is meant, to a home that doesn't know it. */
export interface Comparison {
  /** As a member has it. */
  readonly fingerprint?: string;
  /** Asks the person whether this is it; left out where no one can be asked. */
  readonly compare?: (fingerprint: string, store: string) => Promise<boolean>;
}

export interface AcceptOptions extends Comparison {
  readonly prompt?: Prompt;
}

export interface Accepted {
  /** The place, without a password. */
  readonly store: string;
  /** null: nothing is there, and the next login may make a vault. */
  readonly vaultId: string | null;
}

/**
 * Opens the vault; null where there is none.
 *
 * @throws AuthError `usage` (AUTH_STORE), `vault_locked`, `key_invalid`, `vault_corrupt`, `vault_unwritable`
 */
export async function openVault(context: Context, options: VaultOptions = {}): Promise<Vault | null> {
  return storeAt(context).open(options);
}

/**
 * The only reader of AUTH_STORE, and of what `auth vault use` keeps. No vault is looked at. Any
 * address but a file's is taken for a shared vault's and parsed when that is first used, which reports a mistake then: a
 * file's doesn't load the parser.
 *
 * @throws AuthError `usage`, `vault_locked`, where what `auth vault use` keeps can't be read
 */
export function storeAt(context: Context): VaultStore {
  const given = givenStore(context);
  if (given === null) return { ...fileStore(context, context.paths.vault), chosenBy: null };
  const chosenBy = given.givenBy;
  const path = filePath(given.text);
  if (path === null) return Object.assign(sharedStore(context, given), { chosenBy });
  return { ...fileStore(context, path), chosenBy };
}

function givenStore(context: Context): GivenStore | null {
  if (context.store !== undefined) return context.store;
  if (context.env.AUTH_STORE) return { text: context.env.AUTH_STORE, givenBy: "AUTH_STORE" };
  const kept = keptStore(context);
  return kept === null ? null : { text: kept, givenBy: "use" };
}

/** One in a database that machines share: none of its code is loaded for a file. */
function sharedStore(context: Context, given: GivenStore): Omit<VaultStore, "chosenBy"> {
  const parsed = async () => (await import("./address.ts")).parseAddress(given.text, given.givenBy);
  return {
    // A machine without a home has none.
    get file() {
      return context.paths.vault;
    },
    isShared: true,
    shown: async () => (await parsed()).shown,
    open: async (options) => (await import("./shared/open.ts")).openShared(context, given, options),
    openDriver: async () => (await import("./shared/open.ts")).openSharedDriver(context, given),
    isTaken: async () => (await import("./shared/create.ts")).isThere(context, given),
    requirePlace: async () => (await import("./shared/create.ts")).requirePlace(given),
    prepare: async (...how) => (await import("./shared/create.ts")).prepareShared(given, ...how),
    rekey: async (options) => (await import("./shared/rekey.ts")).rekeyShared(context, given, options),
    status: async () => (await import("./shared/status.ts")).sharedStatus(context, given),
    accept: async (options) => (await import("./shared/join.ts")).acceptShared(context, given, options),
    join: async (options) => (await import("./shared/join.ts")).joinShared(context, given, options),
    absent: async () => (await import("./shared/wrong-vault.ts")).absent(await parsed()),
    forOthers: "auth vault rekey --key members   (or env)",
    address: async () => (await import("./address.ts")).withoutPassword(given.text),
    otherKey: async (...how) => (await import("./shared/open.ts")).otherKey(context, given, ...how),
    beginAgain: async () => (await import("./shared/wrong-vault.ts")).beginAgain(await parsed()),
  };
}

/**
 * The full path in an address of a vault file, `sqlite:<path>`; a relative one is relative to the current folder.
 *
 * @returns null for any other, which `parseAddress` reads or refuses
 */
export function filePath(address: string, platform: NodeJS.Platform = process.platform): string | null {
  const path = /^sqlite:(?!\/\/|~)(.*[^/])$/is.exec(address)?.[1];
  if (path === undefined || /[\0\uFFFD]/.test(path) || (platform === "win32" && path.endsWith("\\"))) return null;
  return absolutePath(path, platform);
}
