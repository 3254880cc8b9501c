/** What `auth vault copy` and `auth vault restore` say while they work and at their end. */
import type { Moved } from "../../vault/moving/into.ts";
import { SOURCE_WORDS } from "../../vault/sources/source.ts";
import type { Cli } from "../context.ts";

/** Milliseconds between two lines of progress. */
const INTERVAL = 2000;

/** For `MoveOptions.progress`. */
export function progressOf(cli: Cli): (done: number, count: number) => void {
  let last: number | null = null;
  return (done, count) => {
    // From the first record on: before it a passphrase may have been asked for.
    last ??= performance.now();
    if (performance.now() - last < INTERVAL) return;
    last = performance.now();
    cli.output.say(`${done} of ${countOf(count)} …`);
  };
}

/**
 * @param how what was done in two words, the dry run's first: `Would copy`, `Copied`
 * @param more of the JSON document
 * @returns the exit code: 1 where not everything is there now
 */
export async function reportMoved(
  cli: Cli,
  { to, made, records, unreadable }: Moved,
  how: string,
  dryRun: boolean,
  more: Readonly<Record<string, unknown>> = {},
): Promise<number> {
  const { output } = cli;
  const same = records.same.length;
  const written = [...records.new, ...records.updated];
  const already = same === 0 ? "" : `; ${same === 1 ? "1 was" : `${same} were`} there already`;
  const keySource = made?.source ?? null;
  const left = records.newer.length + records.other.length + records.ended.length + unreadable.length;
  const document = { dryRun, to, keySource, ...records, unreadable: unreadable.map(({ message }) => message), ...more };
  if (output.isJson || written.length > 0 || left === 0)
    await output.result(document, `${how} ${countOf(written.length)} to ${to}${already}.`);
  else output.warn(`${how} nothing to ${to}${already}.`);
  if (made !== null && !dryRun) output.say(`The vault there is new; its key comes from ${SOURCE_WORDS[made.source]}.`);
  if (written.length > 0) output.say(`${how}: ${written.join(", ")}`);
  if (records.newer.length > 0) output.warn(`A later state is there, and stays: ${records.newer.join(", ")}`);
  if (records.other.length > 0)
    output.warn([
      `Another login or other settings are there, and stay: ${records.other.join(", ")}`,
      "To have this one there: end that one ('auth logout' with AUTH_STORE set to that place), then run this again.",
    ]);
  if (records.ended.length > 0)
    output.warn([
      `Logged out there, and left so: ${records.ended.join(", ")}`,
      "Where it was lost instead: auth vault accept, with AUTH_STORE set to that place, then run this again.",
    ]);
  for (const { message } of unreadable) output.warn(`Left out: ${message}`);
  return left > 0 ? 1 : 0;
}

export function countOf(records: number): string {
  return `${records} ${records === 1 ? "record" : "records"}`;
}
