/** This machine's clock against the providers': expiries and signed assertions lean on it. */
import type { Stored } from "../../connections/store.ts";
import { HttpError } from "../../platform/http-failure.ts";
import { LIMITS } from "../../platform/limits.ts";
import { originOf } from "../../platform/url.ts";
import type { Session } from "../session.ts";
import { doubtful, type Found, fine } from "./found.ts";

/** More than this matters: tokens would be taken for fresh, or assertions be refused. */
const TOLERANCE_SECONDS = 60;

export async function checkClocks(session: Session, connections: readonly Stored[]): Promise<Found[]> {
  const origins = new Set(
    connections.flatMap(({ record }) =>
      record.pinned?.endpoints.token ? [originOf(record.pinned.endpoints.token)] : [],
    ),
  );
  if (origins.size === 0) return [fine("nobody to compare it with yet")];
  return Promise.all([...origins].map((origin) => compare(session, origin)));
}

async function compare({ context }: Session, origin: string): Promise<Found> {
  try {
    const { headers } = await context.http({ method: "GET", url: `${origin}/`, timeout: LIMITS.account });
    const theirs = Date.parse(headers.get("date") ?? "");
    if (Number.isNaN(theirs)) return fine(`${origin} doesn't tell the time`);
    const seconds = Math.round((context.now() - theirs) / 1000);
    if (Math.abs(seconds) <= TOLERANCE_SECONDS) return fine(`agrees with ${origin}`);
    return doubtful(
      `is ${Math.abs(seconds)} s ${seconds > 0 ? "ahead of" : "behind"} ${origin}`,
      "Set it right (NTP): tokens may be taken for fresh, or refused.",
    );
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    // A redirect has a date too, but it isn't handed over; the provider answers, and that is what matters here.
    if (error.failure === "redirected") return fine(`${origin} answers`);
    return doubtful(`${origin} can't be reached: ${error.reason}`, error.remedy);
  }
}
