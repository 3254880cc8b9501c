/**
 * A program that runs for long chooses a connection once and reads it by its name for each use. By then the name may stand
 * for another login: its tokens go nowhere that was chosen for the first one (RULES.md 3.1).
 */
import type { AuthError } from "../platform/errors.ts";
import { comparableUrl, originOf, withoutQuery } from "../platform/url.ts";
import { isLoginFor } from "./by-issuer.ts";
import type { Connection } from "./record.ts";
import { connectionError, display, typed } from "./ref.ts";
import type { Stored } from "./store.ts";

/** @throws AuthError `origin_mismatch` where the two logins are for other origins, another API or another issuer */
export function requireSamePlace(chosen: Stored, now: Stored): void {
  if (chosen !== now && placeOf(chosen.record) !== placeOf(now.record))
    throw elsewhere(now, "the one that this program was started with", "Start the program again to use the new login.");
}

/** @param url of the API that the token is about to be sent to @throws AuthError `origin_mismatch` */
export function requireLoginFor(now: Stored, url: string): void {
  if (isLoginFor(now.record, url)) return;
  throw elsewhere(now, `the one at ${withoutQuery(url)}`, `See where it is for: auth status ${typed(now.ref)}`);
}

function elsewhere({ ref }: Stored, other: string, hint: string): AuthError {
  const message = `${display(ref)} is a login at another place by now than ${other}: its token was not sent.`;
  return connectionError(ref, "origin_mismatch", message, { hint });
}

/** Where a login's tokens may go and who gives them, to be compared. */
function placeOf({ pinned }: Connection): string {
  if (pinned === null) return "";
  const { origins, endpoints, resource, issuer } = pinned;
  const all = [...origins, ...Object.values(endpoints)].map((url) => (URL.canParse(url) ? originOf(url) : url));
  const named = [resource, issuer].map((url) => (url == null ? null : (comparableUrl(url) ?? url)));
  return JSON.stringify([[...new Set(all)].sort(), named]);
}
