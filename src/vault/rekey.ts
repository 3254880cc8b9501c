/**
 * Giving a vault a new key: always a new data key, under a new epoch, every record sealed anew in one step. Writers
 * with the old key can store nothing after that (`rekeyed`); the replies they kept still open.
 */
import type { Context, Environment } from "../platform/context.ts";
import { AuthError, usage } from "../platform/errors.ts";
import type { Bytes } from "./bytes.ts";
import { underVaultLock } from "./create-file.ts";
import { retryWhileBusy, type StoreDriver, type Swap, UnknownCommit } from "./driver.ts";
import { realPlace, touching } from "./files.ts";
import { fingerprintOf } from "./fingerprint.ts";
import {
  HEADER_KEY,
  type Header,
  headerVersion,
  type Keys,
  membersOf,
  newKey,
  newKeyId,
  readHeader,
  retiredKeys,
  unwrap,
  wrap,
} from "./header.ts";
import { removeUnfinishedVaults } from "./leftovers.ts";
import type { Member } from "./members.ts";
import { noVault } from "./no-vault.ts";
import { type DataKey, type Label, open, openLabel, readSealedHeader, seal } from "./seal.ts";
import {
  forget,
  forgetStale,
  type KeyRequest,
  type NewKey,
  type Prompt,
  SOURCE_WORDS,
  type SourceName,
  STORED,
  sameKey,
  sourceOf,
  VARIABLES,
  type VariableSource,
} from "./sources/source.ts";
import { openSqlite } from "./sqlite.ts";
import { storeAt } from "./store.ts";
import { overtaken, type Unlocked, unlockAsRecorded, unlockCurrent } from "./unlock.ts";

export interface Rekeyed {
  readonly source: SourceName;
  readonly epoch: number;
  readonly records: number;
  /** By which a home that comes to the vault for the first time knows it. */
  readonly fingerprint: string;
}

export interface RekeyOptions {
  /** The new source; by default the recorded one. */
  readonly source?: SourceName;
  /** With a new AUTH_KEY, AUTH_KEY_COMMAND or AUTH_PASSPHRASE; by default the context's. */
  readonly environment?: Environment;
  /** With the source `members`: who they are to be. By default who they are now; where there are none, this home alone. */
  readonly members?: (now: readonly Member[]) => readonly Member[] | Promise<readonly Member[]>;
  readonly prompt?: Prompt;
}

/** How often writers may get in between. */
const ROUNDS = 1000;

/**
 * `auth vault rekey`. The old key comes from the recorded source, and only where that has none from another variable
 * that is set: that may already be the new source.
 *
 * @throws AuthError; nothing was changed then, unless it is an `UnknownCommit`
 */
export async function rekeyVault(context: Context, options: RekeyOptions): Promise<Rekeyed> {
  return storeAt(context).rekey(options);
}

export async function rekeyFile(context: Context, path: string, options: RekeyOptions): Promise<Rekeyed> {
  const driver = await openSqlite(path);
  if (driver === null) throw await noVault(context);
  try {
    const { header, keys } = await unlockCurrent(driver, (found) =>
      unlockForRekey(context, found, options.source ?? found.source, options.prompt),
    );
    const source = options.source ?? header.source;
    await refuseCopy(context, path, header, source);
    const request = await newRequest(context, { header, keys }, source, options);
    // A person or a program is asked before the lock is taken. A key that is stored waits for it: without the lock, what
    // clears up after a killed rekey would take it for one that nothing needs.
    const given = STORED.includes(source) ? null : await (await sourceOf(source)).create(request);
    const real = touching(path, () => realPlace(path));
    const resealed = await underVaultLock(real, async () => {
      if (headerVersion(await readHeader(driver)) !== headerVersion(header)) throw overtaken();
      removeUnfinishedVaults(context, real);
      const made = given ?? (await (await sourceOf(source)).create(request));
      const done = await putKey(driver, { header, keys }, source, request, made);
      await forgetOld(context, header, source, request.keyId);
      return done;
    });
    await context.audit({ event: "vault", status: "success", message: `rekeyed, key from ${SOURCE_WORDS[source]}` });
    return rekeyedOf(resealed);
  } finally {
    driver.close();
  }
}

export function rekeyedOf({ next: { source, epoch }, keys, records }: Resealed): Rekeyed {
  return { source, epoch, records, fingerprint: fingerprintOf(keys.data) };
}

/** For which key the new source is asked. */
export async function newRequest(
  context: Context,
  { header, keys }: Unlocked,
  source: SourceName,
  { environment, members, prompt }: RekeyOptions,
): Promise<KeyRequest> {
  const now = source === "members" ? await membersOf(header, keys) : [];
  const next = members === undefined ? now : await members(now);
  return {
    context: environment === undefined ? context : { ...context, env: environment },
    vaultId: header.vaultId,
    keyId: newKeyId(),
    kdf: source === "passphrase" ? header.kdf : null,
    rekeys: true,
    ...(next.length > 0 && { members: next }),
    ...(prompt && { prompt }),
  };
}

/** A variable may hold the new key where it must hold the old one: the vault is unharmed, and the hint says so. */
export async function unlockForRekey(
  context: Context,
  header: Header,
  source: SourceName,
  prompt?: Prompt,
): Promise<Keys> {
  try {
    return await unlockAsRecorded(context, header, prompt);
  } catch (error) {
    const variable = Object.hasOwn(VARIABLES, source) ? VARIABLES[source as VariableSource] : null;
    const isMixedUp = variable !== null && header.source === source && Boolean(context.env[variable]);
    if (!isMixedUp || !(error instanceof AuthError) || error.code !== "vault_locked") throw error;
    const next = variable.replace("AUTH_", "AUTH_NEW_");
    throw error.restated({
      hint: `${variable} must hold what opens the vault now, and ${next} what is to open it. The vault is as it was.`,
    });
  }
}

export interface Resealed {
  readonly next: Header;
  readonly keys: Keys;
  readonly records: number;
}

/**
 * Waits for those who may be refreshing connections that were just read: what comes to them could be stored no more by a
 * machine that isn't given the new key.
 *
 * @returns false where it has waited: they are to be read again
 */
export type Settled = (connections: readonly string[]) => Promise<boolean>;

/**
 * The commit. A new key is forgotten only where the vault still has the old one.
 *
 * @throws AuthError `usage` where the new key is the one that opens the vault now
 */
export async function putKey(
  driver: StoreDriver,
  { header, keys }: Unlocked,
  source: SourceName,
  request: KeyRequest,
  made: NewKey,
  settled: Settled = async () => true,
): Promise<Resealed> {
  if ((await unwrap(header, made.before ?? made.key)) !== null) throw sameKey(source);
  const { vaultId } = header;
  const identity = { ...made, vaultId, epoch: header.epoch + 1, keyId: request.keyId, source };
  try {
    const retired = [...(await retiredKeys(header, keys)), keys.data];
    const raw = newKey();
    const next = await wrap(identity, made.key, { raw, index: keys.index }, retired);
    const data = { vaultId, epoch: next.epoch, id: next.keyId, raw };
    return {
      next,
      keys: { data, index: keys.index },
      records: await resealAll(driver, { header, keys }, { next, data }, settled),
    };
  } catch (error) {
    // One that got no answer may be made yet; one that failed on the disk may have been made all the same.
    if (error instanceof UnknownCommit) throw error;
    const there = await readHeader(driver);
    if (there.keyId === request.keyId) throw error;
    await forget(source, request);
    // Records that another rekey has sealed meanwhile don't open: they aren't damaged.
    throw headerVersion(there) === headerVersion(header) ? error : overtaken();
  }
}

/** What the old header was opened with opens nothing any more. */
async function forgetOld(context: Context, header: Header, source: SourceName, keyId: string): Promise<void> {
  if (header.source !== "file") await forget(header.source, { context, ...header });
  await forgetStale(context, { vaultId: header.vaultId, source, keyId });
}

/**
 * Seals outside the swap, so writers may get in between. What they changed, and only that, is read and sealed again: the
 * less there is to do between two tries, the sooner one is not overtaken, however many records there are.
 */
async function resealAll(
  driver: StoreDriver,
  { header, keys }: Unlocked,
  { next, data }: { readonly next: Header; readonly data: DataKey },
  settled: Settled,
): Promise<number> {
  const headerStep = {
    key: HEADER_KEY,
    expected: headerVersion(header),
    next: { version: headerVersion(next), value: next.bytes },
  };
  const steps = new Map<string, Swap>();
  let left = (await retryWhileBusy(() => driver.getKeys("", {}))).filter((key) => key !== HEADER_KEY);
  for (let round = 0; round < ROUNDS; round++) {
    const items = left.map((key) => ({ key }));
    const connections: string[] = [];
    for (const { key, value } of (await retryWhileBusy(() => driver.getItems?.(items))) ?? []) {
      steps.delete(key);
      if (!(value instanceof Uint8Array)) continue;
      const label = await openLabel(keys.data, key, value as Bytes);
      steps.set(key, await reseal(keys.data, data, key, label, value as Bytes));
      if (label.type === "connection") connections.push(label.name);
    }
    if (!(await settled(connections))) continue;
    const failed = await retryWhileBusy(() => driver.swap([headerStep, ...steps.values()], true));
    if (failed.length === 0) return steps.size;
    if (failed.includes(HEADER_KEY)) break;
    left = failed;
  }
  throw new AuthError("busy", "The vault was being changed all the time.", { hint: "Nothing was changed. Try again." });
}

/** The same record at the same version, under the new key. @throws AuthError `vault_corrupt` naming it */
async function reseal(from: DataKey, to: DataKey, key: string, label: Label, value: Bytes): Promise<Swap> {
  const body = await open(from, key, label, value);
  const version = readSealedHeader(value)?.version ?? { incarnation: "", generation: 0 };
  const text = `${version.incarnation}.${version.generation}`;
  return {
    key,
    expected: `${from.epoch}.${text}`,
    next: { version: `${to.epoch}.${text}`, value: await seal(to, key, label, version, body) },
  };
}

/**
 * A copy has the id of its original, so their stored keys are found under one name: a rekey of one would erase the key of
 * the other. Only the default place is looked at; what else may be a copy isn't known.
 */
async function refuseCopy(context: Context, path: string, header: Header, source: SourceName): Promise<void> {
  const original = realPlace(context.paths.vault);
  if (realPlace(path) === original || !(STORED.includes(header.source) || STORED.includes(source))) return;
  // One that can't be read now may be the original all the same: its error stops the rekey.
  const driver = await openSqlite(original);
  if (driver === null) return;
  try {
    if ((await readHeader(driver)).vaultId !== header.vaultId) return;
  } finally {
    driver.close();
  }
  throw usage(
    `${path} is a copy of ${original}, which a rekey of the copy would leave without a key.`,
    `Remove the copy; or let it take the original's place, then: auth vault rekey`,
  );
}
