/** `auth refresh --all`: every stored login, side by side across providers, one after the other within one. */
import { needsPerson } from "../connections/failure.ts";
import { type Outcome, reportOf } from "../connections/outcome.ts";
import { type ConnectionRef, display } from "../connections/ref.ts";
import { refreshConnection } from "../connections/refresh.ts";
import { dyingOfInactivity } from "../connections/status.ts";
import type { Stored } from "../connections/store.ts";
import { renewalFault } from "../connections/token-endpoint.ts";
import { duration } from "../connections/view.ts";
import { type AuthError, errorCode } from "../platform/errors.ts";
import { deferSignals } from "../platform/signals.ts";
import type { Cli } from "./context.ts";
import { asAuthError, EXIT_CODES, errorWords, worst } from "./exit.ts";
import { type RefreshDocument, refreshDocument } from "./refresh.ts";
import type { Session } from "./session.ts";
import { everythingOf } from "./stored.ts";

export interface AllRequest {
  /** Milliseconds. */
  readonly minTtl: number;
  readonly force: boolean;
}

type Result =
  | { readonly kind: "refreshed" | "valid"; readonly document: RefreshDocument; readonly warning: string | null }
  | { readonly kind: "skipped"; readonly why: string }
  | { readonly kind: "failed"; readonly error: AuthError }
  /** A signal came before anything was sent for it. */
  | { readonly kind: "notBegun"; readonly connection: string };

/**
 * A signal begins no further refresh: those in flight are finished, the summary names the others, and the process ends
 * with 128 + the signal's number.
 *
 * @returns the exit code: the worst, with what was rightly skipped as 0
 */
export async function refreshAll(cli: Cli, session: Session, request: AllRequest): Promise<number> {
  const signals = deferSignals();
  try {
    return await refreshEach(cli, session, request, signals.signal);
  } finally {
    if (signals.signal.aborted) await cli.output.done();
    signals.release();
  }
}

async function refreshEach(
  cli: Cli,
  session: Session,
  request: AllRequest,
  interruption: AbortSignal,
): Promise<number> {
  const { stored: all, unreadable } = await everythingOf(session);
  cli.output.say("Refreshing the logins in the vault; tokens in the environment are left alone.");
  const byProvider = Map.groupBy(all, ({ ref }) => ref.provider);
  const results: Result[] = [];
  for (const { ref, error } of unreadable) {
    const result = { kind: "failed", error } as const;
    results.push(result);
    await showResult(cli, ref, result);
  }
  await Promise.all(
    [...byProvider.values()].map(async (connections) => {
      for (const stored of connections) {
        const result = interruption.aborted ? notBegun(stored) : await refreshOne(session, stored, request);
        results.push(result);
        await showResult(cli, stored.ref, result);
      }
    }),
  );
  const counted = ["refreshed", "valid", "skipped", "failed"].map(
    (kind) => [kind, results.filter((result) => result.kind === kind).length] as const,
  );
  const summary = Object.fromEntries(counted);
  const left = results.flatMap((result) => (result.kind === "notBegun" ? [result.connection] : []));
  if (cli.output.isJson)
    await cli.output.event({ summary: { ...summary, ...(interruption.aborted && { notBegun: left.length }) } });
  else {
    const counts = counted.map(([kind, n]) => `${n} ${kind}`).join(", ");
    const names = left.length === 0 ? "" : `: ${left.join(", ")}`;
    if (interruption.aborted) cli.output.warn(`Interrupted. ${counts}, ${left.length} not begun${names}`);
    else cli.output.say(counts);
  }
  return worst(results.map((result) => (result.kind === "failed" ? EXIT_CODES[result.error.code] : 0)));
}

async function refreshOne(session: Session, stored: Stored, request: AllRequest): Promise<Result> {
  const { record, ref } = stored;
  if (record.tokens === null) return { kind: "skipped", why: "not logged in" };
  if (record.tokens.refreshToken === null && !(record.mint !== undefined && needsPerson(record)))
    return { kind: "skipped", why: "it has no refresh token" };
  const services = await session.services();
  const force = request.force || dyingOfInactivity(record, session.context.now());
  try {
    const options = { minTtl: request.minTtl, force, mustAgree: false, rejected: null };
    const result = resultOf(session, await refreshConnection(services, ref, options));
    if (result.kind !== "valid") return result;
    const fault = await renewalFault(services, record);
    return fault === null ? result : { ...result, warning: `It can't be renewed: ${fault.message}` };
  } catch (error) {
    return errorCode(error) === "interrupted" ? notBegun(stored) : { kind: "failed", error: asAuthError(error) };
  }
}

function notBegun({ ref }: Stored): Result {
  return { kind: "notBegun", connection: display(ref) };
}

function resultOf({ context }: Session, outcome: Outcome): Result {
  const { warning, error } = reportOf(outcome, context.now());
  if (error !== null) return { kind: "failed", error };
  if (outcome.kind === "failed") return { kind: "failed", error: outcome.error };
  return { kind: outcome.kind, document: refreshDocument(outcome, context.now()), warning };
}

/** @param ref null: a record that can't be read, and may be any */
async function showResult(cli: Cli, ref: ConnectionRef | null, result: Result): Promise<void> {
  if (result.kind === "notBegun") return;
  const connection = ref && display(ref);
  if ("warning" in result && result.warning !== null) cli.output.warn(named(ref, [result.warning]));
  if (cli.output.isJson) return cli.output.event({ ...documentOf(result), connection });
  switch (result.kind) {
    case "refreshed":
      return cli.output.success(`${connection}: refreshed${life(result.document)}`);
    case "valid":
      return cli.output.say(`${connection}: still valid${life(result.document)}`);
    case "skipped":
      return cli.output.say(`${connection}: skipped, ${result.why}`);
    case "failed":
      return cli.output.warn(named(ref, errorWords(result.error)));
  }
}

/** The text, which says whose it is. */
function named(ref: ConnectionRef | null, lines: readonly string[]): readonly string[] {
  if (ref === null) return lines;
  const names = [display(ref), `${ref.provider} (${ref.name})`];
  const isNamed = names.some((name) => lines.some((line) => line.includes(name)));
  return isNamed ? lines : [`${display(ref)}: ${lines[0]}`, ...lines.slice(1)];
}

function documentOf(result: Exclude<Result, { kind: "notBegun" }>): object {
  const nothing = { refreshed: false, expiresIn: null, expiresAt: null };
  switch (result.kind) {
    case "skipped":
      return { success: true, ...nothing, skipped: true, message: result.why };
    case "failed": {
      const { message, code, hint = null, detail } = result.error;
      return { success: false, ...nothing, message, code, hint, ...(detail !== undefined && { detail }) };
    }
    default:
      return result.document;
  }
}

function life({ expiresIn }: RefreshDocument): string {
  return expiresIn === null ? "" : ` (expires in ${duration(expiresIn * 1000)})`;
}
