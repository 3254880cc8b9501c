/** A connection that is named by its issuer's URL, as at the login that made it (CLI §1). */
import { AuthError, usage } from "../platform/errors.ts";
import { shellWord } from "../platform/shell-word.ts";
import { addressFault, isSameUrl } from "../platform/url.ts";
import type { Vault } from "../vault/types.ts";
import { type ConnectionRef, checkName, display, sameName } from "./ref.ts";
import { listConnections, type Stored } from "./store.ts";

/** The name of the connection that a login at this issuer makes: host, port and path. @throws AuthError `usage` */
export function nameForIssuer(text: string): string {
  const fault = addressFault(text);
  if (fault !== null) throw usage(`The issuer ${fault}.`, "Give an https URL, or http on this machine.");
  const url = new URL(text);
  const port = url.port === "" ? "" : `-${url.port}`;
  const path = url.pathname.replace(/\/+$/, "");
  const host = url.hostname.replaceAll(/[[\]:]/g, "_").replace(/^_+/, "");
  return checkName(`${host}${port}${path}`);
}

/**
 * The connection of that name where `-p` gives one; else the one that `auth login <url>` makes; else the only one at
 * the issuer.
 *
 * @throws AuthError `connection_not_found`, `ambiguous_connection`, `usage`
 */
export async function connectionByIssuer(
  vault: Vault | null,
  url: string,
  profile: string | undefined,
): Promise<ConnectionRef> {
  const own = profile ?? nameForIssuer(url);
  const all = vault === null ? [] : await listConnections(vault);
  const there = all.filter(({ record }) => isAt(record, url)).map(({ ref }) => ref);
  const named = there.find(({ name }) => sameName(name, own));
  if (named !== undefined) return named;
  const [only, ...others] = profile === undefined ? there : [];
  if (only === undefined) throw notLoggedIn(url, profile);
  if (others.length === 0) return only;
  throw new AuthError("ambiguous_connection", `Which connection? There are several at ${url}.`, {
    hint: `Name one of: ${there.map(display).join(", ")}`,
  });
}

function isAt({ settings, issuer, pinned }: Stored["record"], url: string): boolean {
  return [settings.issuer, issuer, pinned?.issuer].some((known) => known && isSameUrl(known, url));
}

function notLoggedIn(url: string, profile: string | undefined): AuthError {
  const name = profile === undefined ? "" : ` -p ${shellWord(profile)}`;
  const which = profile === undefined ? "" : ` named ${checkName(profile)}`;
  return new AuthError("connection_not_found", `There is no connection${which} at ${url}.`, {
    hint: `Log in: auth login ${shellWord(url)}${name}\nSee what there is: auth list`,
  });
}
