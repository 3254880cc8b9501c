/** A connection that is named by the URL of its issuer, or of its API, as at the login that made it (CLI.md §1). */
import { AuthError, usage } from "../platform/errors.ts";
import { withoutEnd } from "../platform/escape.ts";
import { ownValue } from "../platform/json.ts";
import { commandLine, shellWord } from "../platform/shell-word.ts";
import { addressFault, coversUrl, isSameUrl } from "../platform/url.ts";
import type { Vault } from "../vault/types.ts";
import { readDefaults } from "./defaults.ts";
import { type ConnectionRef, checkName, display, sameName, vaultName } from "./ref.ts";
import { ambiguous } from "./select.ts";
import { listReadable, type Stored } from "./store.ts";

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
 * @throws AuthError `connection_not_found`, `ambiguous_connection`, `usage`; `vault_corrupt` where it may be a damaged one
 */
export async function connectionByIssuer(
  vault: Vault | null,
  url: string,
  profile: string | undefined,
  source = "",
): Promise<ConnectionRef> {
  const own = profile ?? nameForIssuer(url);
  const damaged: AuthError[] = [];
  const there = await connectionsAt(vault, url, (error) => damaged.push(error));
  const chosen = profile === undefined ? await chosenAmong(vault, there) : null;
  const named = chosen ?? there.find(({ name }) => sameName(name, own));
  if (named !== undefined) return named;
  const [only, ...others] = profile === undefined ? there : [];
  if (only === undefined) throw damaged.find((error) => mayBeNamed(error, own)) ?? notLoggedIn(url, profile, source);
  if (others.length === 0) return only;
  throw ambiguous(`There are several at ${url}.`, there.map(display), true);
}

/** The connection at the issuer that `auth use` chose; null where it chose none of them. */
export async function chosenAtIssuer(vault: Vault | null, url: string): Promise<ConnectionRef | null> {
  return chosenAmong(vault, await connectionsAt(vault, url));
}

/**
 * Those of the API at the URL; else of the issuer there; else of the nearest API above the URL.
 * @param passOver takes the error of each record that can't be read
 */
async function connectionsAt(
  vault: Vault | null,
  url: string,
  passOver?: (error: AuthError) => void,
): Promise<ConnectionRef[]> {
  const all = vault === null ? [] : await listReadable(vault, passOver);
  const there = all.filter(({ record }) => isAt(record, url));
  return (there.length > 0 ? there : nearestAbove(all, url)).map(({ ref }) => ref);
}

/**
 * The login for an API: of that name, else the one that `auth use` chose, else any.
 * @param resource as the API names itself
 * @throws AuthError `vault_rolled_back` where there is none, and one that may be it is in an older state
 */
export async function connectionAtApi(
  vault: Vault | null,
  resource: string,
  name: string | undefined,
): Promise<Stored | null> {
  const older: AuthError[] = [];
  const passOver = (error: AuthError): void => {
    if (error.code === "vault_rolled_back") older.push(error);
  };
  const all = vault === null ? [] : await listReadable(vault, passOver);
  const there = all.filter(({ record }) => isOfApi(record, resource));
  if (there.length === 0 && older[0] !== undefined) throw older[0];
  const refs = there.map(({ ref }) => ref);
  const chosen = name === undefined ? ((await chosenAmong(vault, refs)) ?? refs[0]) : null;
  const wanted = chosen ?? refs.find((ref) => name !== undefined && sameName(ref.name, name));
  return there.find(({ ref }) => ref === wanted) ?? null;
}

/** An API names itself by what it covers (RFC 9728 §3.3): `https://mcp.example` has tokens for `https://mcp.example/mcp`. */
function nearestAbove(all: readonly Stored[], url: string): Stored[] {
  const above = all.flatMap((stored) => {
    const resource = resourceAbove(stored.record, url);
    return resource === null ? [] : [{ stored, resource }];
  });
  const longest = Math.max(...above.map(({ resource }) => resource.length));
  return above.filter(({ resource }) => resource.length === longest).map(({ stored }) => stored);
}

function resourceAbove({ pinned }: Stored["record"], url: string): string | null {
  const { asked, resource } = pinned ?? {};
  return asked !== undefined && resource !== undefined && coversUrl(resource, url) ? resource : null;
}

/** Whether a connection may be meant by the URL of its issuer, or of an API. */
export function isLoginFor(record: Stored["record"], url: string): boolean {
  return isAt(record, url) || resourceAbove(record, url) !== null;
}

async function chosenAmong(vault: Vault | null, refs: readonly ConnectionRef[]): Promise<ConnectionRef | null> {
  const { overall, providers } = await readDefaults(vault);
  const isProvidersChoice = ({ provider, name }: ConnectionRef) => sameName(ownValue(providers, provider) ?? "", name);
  return refs.find((ref) => vaultName(ref) === overall) ?? refs.find(isProvidersChoice) ?? null;
}

function isAt(record: Stored["record"], url: string): boolean {
  const { settings, issuer, pinned } = record;
  if (pinned?.asked !== undefined) return isOfApi(record, url);
  return [settings.issuer, issuer, pinned?.issuer].some((known) => known && isSameUrl(known, url));
}

/** By its own name, or by the URL that the login was given, which is a setting. */
function isOfApi({ settings, pinned }: Stored["record"], url: string): boolean {
  if (pinned?.asked === undefined) return false;
  return [pinned.resource, ...Object.values(settings)].some((known) => known !== undefined && isSameUrl(known, url));
}

/** What a damaged record held can't be known; its name can, as a rule. */
function mayBeNamed({ connection }: AuthError, name: string): boolean {
  return connection === undefined || sameName(connection.slice(connection.indexOf(":") + 1), name);
}

function notLoggedIn(url: string, profile: string | undefined, source: string): AuthError {
  const name = profile === undefined ? "" : ` -p ${shellWord(profile)}`;
  const which = profile === undefined ? "" : ` named ${checkName(profile)}`;
  return new AuthError("connection_not_found", `There is no connection${which} at ${url}.${source}`, {
    hint: `Log in: auth login ${shellWord(url)}${name}\nSee what there is: auth list`,
  });
}
