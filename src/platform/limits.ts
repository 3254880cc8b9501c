import { feature } from "bun:bundle";
import { testLimits } from "./faults.ts";

/** Every time and size limit in one place (milliseconds and bytes), as CLI.md §1 "Manners" and RULES.md set them. */
export const LIMITS = {
  /** One HTTP exchange, body included. */
  exchange: 30_000,
  /** Everything a lock's holder does between taking it and letting go. */
  holder: 45_000,
  /** Waiting for another process's lock. */
  lockWait: 60_000,
  /** How long a connection's lock in a shared vault lasts, unless it is renewed: two thirds of it are for one exchange. */
  lease: 45_000,
  /** Reaching the server of a shared vault, with its first answer, and one answer after that. */
  storeConnect: 5_000,
  storeCall: 10_000,
  /** For how long a server is asked again that didn't say whether it has made a change. */
  storeCommit: 20_000,
  browserLogin: 300_000,
  deviceLoginInCi: 120_000,
  keychain: 3_000,
  /** Where the keychain asks a person who is there to answer. */
  keychainAsking: 60_000,
  keyCommand: 30_000,
  /** Asking a provider whose token this is, when a token is pasted. */
  account: 5_000,
  /** JWTs with many groups, and long lists of scopes, make large token replies. */
  tokenReplyBytes: 1024 * 1024,
  /** The room set aside on the disk for a token reply; a larger one makes the file grow (RULES.md 2.1). */
  replyFileBytes: 64 * 1024,
  /** Discovery documents, key sets, account replies. */
  documentBytes: 256 * 1024,
  /** A request's head and a reply's, through the proxy: as curl's own limit. */
  headBytes: 300 * 1024,
  /** A folder's `.auth.toml`. */
  folderFileBytes: 16 * 1024,
  /** A plugin's file; what is fetched to find one may be larger. */
  pluginBytes: 1024 * 1024,
  packageBytes: 16 * 1024 * 1024,
  /**
   * A module's source. Under 50 KiB Bun keeps no transpiled copy on the disk, where an edited one would run in the
   * place of what was hashed (RULES.md §4).
   */
  moduleBytes: 48 * 1024,
  /** Evaluating a module, and one function of it. */
  pluginCall: 2_000,
  /** A backup of a vault: tens of thousands of logins. */
  backupBytes: 256 * 1024 * 1024,
  /** A secret read from standard input or a prompt. */
  secretBytes: 64 * 1024,
  ...(feature("AUTH_TEST") ? testLimits() : {}),
} as const;
