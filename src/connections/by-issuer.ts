/** A connection that is named by its issuer's URL, as at the login that made it (CLI §1). */
import { AuthError, usage } from "../platform/errors.ts";
import { withoutEnd } from "../platform/escape.ts";
import { ownValue } from "../platform/json.ts";
import { commandLine, shellWord } from "../platform/shell-word.ts";
import { addressFault, isSameUrl } from "../platform/url.ts";
import type { Vault } from "../vault/types.ts";
import { readDefaults } from "./defaults.ts";
import { type ConnectionRef, checkName, display, sameName, vaultName } from "./ref.ts";
import { ambiguous } from "./select.ts";
import { listConnections, type Stored } from "./store.ts";

/** The name of the connection that a login at this issuer makes: host, port and path. @throws AuthError `usage` */
export function nameForIssuer(text: string): string {
  const [, issuer, name] = /^(https?:\/\/.+):([A-Za-z][\w.@+-]*)$/i.exec(text) ?? [];
  if (issuer !== undefined && name !== undefined && !URL.canParse(text))
    throw usage(
      `'${text}' is not an issuer's URL.`,
      `A name goes by -p: ${commandLine(["auth", "login", issuer, "-p", name])}`,
    );
  const fault = addressFault(text);
  if (fault !== null) throw usage(`The issuer ${fault}.`, "Give an https URL, or http on this machine.");
  const url = new URL(text);
  const port = url.port === "" ? "" : `-${url.port}`;
  const path = withoutEnd(url.pathname, "/");
  const host = url.hostname.replaceAll(/[[\]:]/g, "_").replace(/^_+/, "");
  return checkName(`${host}${port}${path}`);
}

/**
 * The connection of that name where `-p` gives one; else the one that `auth use` chose; else the one that
 * `auth login <url>` makes; else the only one at the issuer.
 *
 * @param source where the name came from, as a sentence for the error, after a space
 * @throws AuthError `connection_not_found`, `ambiguous_connection`, `usage`
 */
export async function connectionByIssuer(
  vault: Vault | null,
  url: string,
  profile: string | undefined,
  source = "",
): Promise<ConnectionRef> {
  const own = profile ?? nameForIssuer(url);
  const there = await connectionsAt(vault, url);
  const chosen = profile === undefined ? await chosenAmong(vault, there) : null;
  const named = chosen ?? there.find(({ name }) => sameName(name, own));
  if (named !== undefined) return named;
  const [only, ...others] = profile === undefined ? there : [];
  if (only === undefined) throw notLoggedIn(url, profile, source);
  if (others.length === 0) return only;
  throw ambiguous(`There are several at ${url}.`, there.map(display), true);
}

/** The connection at the issuer that `auth use` chose; null where it chose none of them. */
export async function chosenAtIssuer(vault: Vault | null, url: string): Promise<ConnectionRef | null> {
  return chosenAmong(vault, await connectionsAt(vault, url));
}

async function connectionsAt(vault: Vault | null, url: string): Promise<ConnectionRef[]> {
  return (await listConnections(vault)).filter(({ record }) => isAt(record, url)).map(({ ref }) => ref);
}

async function chosenAmong(vault: Vault | null, refs: readonly ConnectionRef[]): Promise<ConnectionRef | null> {
  const { overall, providers } = await readDefaults(vault);
  const isProvidersChoice = ({ provider, name }: ConnectionRef) => sameName(ownValue(providers, provider) ?? "", name);
  return refs.find((ref) => vaultName(ref) === overall) ?? refs.find(isProvidersChoice) ?? null;
}

function isAt({ settings, issuer, pinned }: Stored["record"], url: string): boolean {
  return [settings.issuer, issuer, pinned?.issuer].some((known) => known && isSameUrl(known, url));
}

function notLoggedIn(url: string, profile: string | undefined, source: string): AuthError {
  const name = profile === undefined ? "" : ` -p ${shellWord(profile)}`;
  const which = profile === undefined ? "" : ` named ${checkName(profile)}`;
  return new AuthError("connection_not_found", `There is no connection${which} at ${url}.${source}`, {
    hint: `Log in: auth login ${shellWord(url)}${name}\nSee what there is: auth list`,
  });
}
