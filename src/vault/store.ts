/**
 * Where a context's vault is: a file of this home, or a database that machines share. All that differs between the two is
 * here, so that no one else asks which it is. On the way to every token: what is heavy is loaded when it is used.
 */
import type { Context } from "../platform/context.ts";
import { type AuthError, usage } from "../platform/errors.ts";
import { absolutePath, requireUtf8 } from "../platform/paths.ts";
import type { Bytes } from "./bytes.ts";
import type { Preparation } from "./create.ts";
import type { StoreDriver } from "./driver.ts";
import { fileStore } from "./file-store.ts";
import type { Header } from "./header.ts";
import { keptStore } from "./kept-store.ts";
import type { Rekeyed, RekeyOptions } from "./rekey.ts";
import { sharedStore } from "./shared/vault-store.ts";
import type { KeyRequest, Prompt, SourceName } from "./sources/source.ts";
import type { VaultStatus } from "./status.ts";
import type { Vault } from "./types.ts";
import type { VaultOptions } from "./vault.ts";

export interface VaultStore {
  readonly chosenBy: ChosenBy;
  /** For messages about a vault that isn't there yet. */
  readonly name: string;
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
  address(): string | null;
  /**
   * Why a key opens it no more, as far as this home knows that it had another one; null: it doesn't.
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

/** What says where a context's vault is: a variable, `auth vault use`, or nothing. */
export type ChosenBy = "AUTH_STORE" | "use" | null;

export interface Accepted {
  /** The place, without a password. */
  readonly store: string;
  /** null: nothing is there, and the next login may make a vault. */
  readonly vaultId: string | null;
}

/** The only reader of AUTH_STORE, and of what `auth vault use` keeps. No vault is looked at. @throws AuthError `usage`, `vault_locked` */
export function storeAt(context: Context): VaultStore {
  const given = context.env.AUTH_STORE || null;
  const store = given ?? keptStore(context);
  const chosenBy: ChosenBy = store === null ? null : given === null ? "use" : "AUTH_STORE";
  if (store !== null && /^(rediss?|postgres(ql)?):/i.test(store))
    return Object.assign(sharedStore(context, store), { chosenBy });
  return { ...fileStore(context, vaultPath(context, store ?? undefined)), chosenBy };
}

/**
 * Where the vault file is: AUTH_STORE, else its place in the user's folders.
 *
 * @param store in the form of AUTH_STORE: `sqlite:<path>`, absolute or relative to the current folder
 * @throws AuthError `usage`
 */
export function vaultPath(
  context: Pick<Context, "env" | "paths">,
  store = context.env.AUTH_STORE,
  platform: NodeJS.Platform = process.platform,
): string {
  if (store === undefined || store === "") return context.paths.vault;
  const colon = store.indexOf(":");
  const scheme = colon < 0 ? "" : store.slice(0, colon).toLowerCase();
  // Never the rest of it: it may hold a password, also before a colon that was left out.
  const named = /^[a-z][a-z+]*$/.test(scheme) ? `: ${scheme}` : "";
  if (/^([/\\]|[A-Za-z]:[/\\])/.test(store))
    throw usage(
      "AUTH_STORE is a path, and no store.",
      `For a vault file: AUTH_STORE=sqlite:<path of the file>\n${FORM}`,
    );
  if (scheme !== "sqlite") throw usage(`AUTH_STORE names no store that this version knows${named}.`, FORM);
  const path = store.slice(colon + 1);
  if (path === "" || path.endsWith("/") || (platform === "win32" && path.endsWith("\\")))
    throw usage("AUTH_STORE names no file.", FORM);
  if (path.startsWith("//")) throw usage("AUTH_STORE=sqlite: takes a plain path, not a URL.", FORM);
  if (path.startsWith("~")) throw usage("AUTH_STORE=sqlite: doesn't know '~'.", FORM);
  requireUtf8("AUTH_STORE", path);
  if (path.includes("\0")) throw usage("AUTH_STORE holds a NUL byte.", FORM);
  return absolutePath(path, platform);
}

const FORM =
  "Write AUTH_STORE=sqlite:/full/path/to/vault.db, redis://… or postgres://… for one that machines share, or unset it.";
