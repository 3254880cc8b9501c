/** Commits to an opened vault: compare-and-set of records, and of the header whose key sealed them. */
import { utf8 } from "./bytes.ts";
import { retryWhileBusy, type Swap } from "./driver.ts";
import { HEADER_KEY, headerVersion } from "./header.ts";
import { isAbsent, type Opened, placeOf, readRecord, valueAt } from "./records.ts";
import { damaged, isNewer, seal } from "./seal.ts";
import { type Change, sameVersion, type Version } from "./types.ts";

/** As `Vault.commit`. */
export async function commit(
  opened: Opened,
  changes: readonly Change[],
): Promise<"committed" | "conflict" | "rekeyed"> {
  const { driver, place, replyKeys } = opened;
  // Bound to the header whose key seals the changes: a writer with an old key can't store anything (RULES.md 1.4). Another
  // read of this process may reload it meanwhile.
  const version = headerVersion(opened.header);
  const steps = await Promise.all(changes.map((change) => stepOf(opened, change)));
  const failed = await retryWhileBusy(() => driver.swap([{ key: HEADER_KEY, expected: version }, ...steps]));
  if (failed.includes(HEADER_KEY)) return "rekeyed";
  if (failed.length > 0) return conflict(opened, changes, failed);
  for (const change of changes) {
    const key = placeOf(opened, change);
    if (change.next === null) await place.memory?.rememberAbsent(key, replyKeys, () => isAbsent(opened, key));
    else await place.memory?.remember(key, change.next.version, replyKeys);
  }
  return "committed";
}

async function stepOf(opened: Opened, { type, name, expected, next }: Change): Promise<Swap> {
  const label = { type, name };
  const key = placeOf(opened, label);
  const replaced = expected === "any" ? await valueAt(opened, key) : null;
  if (replaced !== null && isNewer(replaced)) throw damaged(label, replaced);
  const from = expected === "any" ? {} : { expected: expected === null ? null : versionText(opened, expected) };
  if (next === null) return { key, ...from, next: null };
  const value = await seal(opened.keys.data, key, label, next.version, utf8(next.body));
  return { key, ...from, next: { version: versionText(opened, next.version), value } };
}

function versionText({ header }: Opened, { incarnation, generation }: Version): string {
  return `${header.epoch}.${incarnation}.${generation}`;
}

/** A record whose stored version and content disagree would conflict for ever: it is reported as damaged. */
async function conflict(opened: Opened, changes: readonly Change[], failed: readonly string[]): Promise<"conflict"> {
  for (const { type, name, expected } of changes) {
    const key = placeOf(opened, { type, name });
    if (expected === null || expected === "any" || !failed.includes(key)) continue;
    const entry = await readRecord(opened, type, name);
    if (entry === null || !sameVersion(entry.version, expected)) continue;
    // Where the stored version is as expected, this passes: it was another change that failed.
    const swap = { key, expected: versionText(opened, expected) };
    if ((await retryWhileBusy(() => opened.driver.swap([swap]))).length > 0) throw damaged({ type, name });
  }
  return "conflict";
}
