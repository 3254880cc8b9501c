/** Plans what is done with each find: its connection's name, and whether it is moved, copied or left. */
import { nameForIssuer } from "../../connections/by-issuer.ts";
import { holderOf } from "../../connections/import.ts";
import { type ConnectionRef, DEFAULT_NAME, display, vaultName } from "../../connections/ref.ts";
import { readConnection, type Stored } from "../../connections/store.ts";
import type { FoundAt } from "../../import/look.ts";
import type { Credential } from "../../import/source.ts";
import { AuthError } from "../../platform/errors.ts";
import { withoutEnd } from "../../platform/escape.ts";
import { ownValue } from "../../platform/json.ts";
import { isAllowedUrl } from "../../platform/url.ts";
import { providersExactlyAt } from "../../providers/at-host.ts";
import { flowsOf } from "../../providers/flows.ts";
import { readVariables } from "../../providers/names.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";
import { issuerSetting, usableDefinitions } from "../login/target.ts";
import type { Session } from "../session.ts";

/** `move`: with its refresh token. `copy`: without it. `remove`: it is in the vault already, and the old copy is removed. */
export type Action = "move" | "copy" | "remove" | "held" | "leave";

export interface Planned {
  readonly found: FoundAt;
  readonly ref: ConnectionRef | null;
  readonly settings: Readonly<Record<string, string>>;
  readonly action: Action;
  /** Whether its old copy goes. */
  readonly goes: boolean;
  /** The incarnation of the login that it replaces; null: there is none. Absent: any login (`--force`). */
  readonly replaces?: string | null;
  /** Why it is left, or a remark. */
  readonly reason: string | null;
}

export interface ImportOptions {
  readonly move: boolean;
  readonly force: boolean;
  /** The id of the login's client, where its program doesn't record it. */
  readonly clientId: string | null;
  /** `-p`: the name of the one connection that is made. */
  readonly name: string | null;
}

interface Destination {
  readonly ref: ConnectionRef;
  readonly settings: Readonly<Record<string, string>>;
  /** Whether it takes a token without a refresh token. */
  readonly takesTokens: boolean;
}

export async function planImport(
  session: Session,
  all: readonly FoundAt[],
  options: ImportOptions,
): Promise<Planned[]> {
  const holders: (ConnectionRef | null)[] = [];
  for (const { credential } of all) holders.push(credential === null ? null : await heldAs(session, credential));
  // No new name equals that of an existing connection.
  const taken = new Set(holders.filter((ref) => ref !== null).map(vaultName));
  const planned: Planned[] = [];
  for (const [i, found] of all.entries())
    planned.push(await planOne(session, found, holders[i] ?? null, options, taken));
  return planned;
}

async function planOne(
  session: Session,
  found: FoundAt,
  held: ConnectionRef | null,
  options: ImportOptions,
  taken: Set<string>,
): Promise<Planned> {
  const leave = (reason: string, at: Destination | null = null): Planned => ({
    found,
    ref: at?.ref ?? null,
    settings: at?.settings ?? {},
    action: "leave",
    goes: false,
    reason,
  });
  const goes = options.move && found.removal !== undefined;
  const { credential, stays } = found;
  if (credential === null) return leave(stays ?? "it can't be taken");
  if (held !== null) return { found, ref: held, settings: {}, action: goes ? "remove" : "held", goes, reason: null };
  const at = await destinationOf(session, found, options.name, taken);
  if (typeof at === "string") return leave(at);
  const ref = options.name === null ? apart(at.ref, found, taken) : at.ref;
  const { settings } = at;
  taken.add(vaultName(ref));
  const there = await readThere(session, ref, options);
  const now = session.context.now();
  if (there != null && !options.force && !mayBeReplaced(there, credential, now))
    return leave(`${display(ref)} holds another: --force replaces it, -p NAME keeps both`, { ...at, ref });
  const decided = decide(found, credential, options, at, now);
  if (decided.action === "leave") return { found, ref, settings, goes: false, ...decided };
  const replaced = there?.record.tokens == null ? null : "in the place of the one that is there";
  const reason = [decided.reason, replaced].filter((one) => one !== null).join("; ") || null;
  const replaces = there === undefined ? {} : { replaces: there?.version.incarnation ?? null };
  return { found, ref, settings, goes, action: decided.action, reason, ...replaces };
}

/** A unique name: with its account or host, else with a number. */
function apart(ref: ConnectionRef, { account, target }: FoundAt, taken: ReadonlySet<string>): ConnectionRef {
  const path = target.by === "host" ? target.path : undefined;
  const isNamed = account === null || ref.name.startsWith(nameFrom(account) ?? account);
  const own = path !== undefined ? `${ref.name}/${path}` : isNamed ? null : `${account}@${ref.name}`;
  let name = ref.name;
  for (let count = 1; taken.has(vaultName({ ...ref, name })); count++)
    name = count === 1 && own !== null ? (nameFrom(own) ?? name) : `${ref.name.slice(0, 60)}-${count + 1}`;
  return { ...ref, name };
}

function decide(
  { removal, removeBy }: FoundAt,
  credential: Credential,
  options: ImportOptions,
  { takesTokens }: Destination,
  now: number,
): Pick<Planned, "action" | "reason"> {
  const { refreshToken, accessToken, expiresAt, kind } = credential;
  const { move } = options;
  const clientId = credential.clientId ?? options.clientId;
  if (kind !== "login") {
    const isOver = expiresAt !== undefined && expiresAt <= now;
    if (isOver) return { action: "leave", reason: "it is over, and has no refresh token" };
    const stays = move && removal === undefined ? `the old copy stays there: ${removeBy ?? ""}` : null;
    return { action: "copy", reason: stays };
  }
  if (move) {
    if (clientId === null) return { action: "leave", reason: "its client isn't recorded: name it, with --client-id" };
    return refreshToken !== undefined && removal !== undefined
      ? { action: "move", reason: null }
      : { action: "leave", reason: `it can't be taken out of its place: ${removeBy ?? "log in here instead"}` };
  }
  const isOver = expiresAt !== undefined && expiresAt <= now;
  if (accessToken === undefined || isOver || !takesTokens)
    return { action: "leave", reason: "only its refresh token is of use, which has one holder: --move takes it" };
  return { action: "copy", reason: "the access token alone, until it ends: --move takes the login" };
}

async function heldAs(session: Session, { accessToken, refreshToken }: Credential): Promise<ConnectionRef | null> {
  const vault = await session.vault();
  if (vault === null) return null;
  const tokens = { accessToken: accessToken ?? null, refreshToken: refreshToken ?? null };
  return (await holderOf({ vault }, tokens))?.ref ?? null;
}

/** null: nothing is there. undefined: it doesn't open, and may be replaced. */
async function readThere(
  session: Session,
  ref: ConnectionRef,
  { force }: ImportOptions,
): Promise<Stored | null | undefined> {
  const vault = await session.vault();
  if (vault === null) return null;
  try {
    return await readConnection(vault, ref);
  } catch (error) {
    if (force && error instanceof AuthError && error.code === "vault_corrupt") return undefined;
    throw error;
  }
}

/** Without `--force` nothing usable is replaced. A login replaces the access token that was copied from it. */
function mayBeReplaced({ record: { kind, tokens } }: Stored, { accessToken }: Credential, now: number): boolean {
  if (tokens === null) return true;
  if (kind !== "token") return false;
  const isOver = tokens.expiresAt !== null && tokens.expiresAt <= now;
  return isOver || (accessToken !== undefined && tokens.accessToken.equals(accessToken));
}

async function destinationOf(
  session: Session,
  found: FoundAt,
  name: string | null,
  taken: ReadonlySet<string>,
): Promise<Destination | string> {
  const { target, account, credential } = found;
  const { registry } = session;
  if (target.by === "server") return atServer(session, target.url, name);
  if (target.by === "provider") {
    const id = await registry.idOf(target.provider);
    if (id === null)
      return credential?.kind === "key"
        ? asKey(target.provider, name)
        : `no provider is called ${target.provider} here`;
    const definition = await registry.get(id);
    const { settings = {}, place } = target;
    const known = Object.entries(settings).filter(([setting]) => ownValue(definition.settings, setting) !== undefined);
    const wanted =
      account === null
        ? (place ?? null)
        : [account, ...(place === undefined || place === "adc" ? [] : [place])].join("@");
    return inProvider(session, definition, name ?? wanted, found, taken, Object.fromEntries(known));
  }
  const definition = await definitionFor(session, found);
  if (definition !== null) return inProvider(session, definition, name ?? account, found, taken, {});
  if (target.by === "host") return asKey(target.host, name);
  return asKey(target.variable.toLowerCase().replaceAll("_", "-"), name, { env: target.variable });
}

async function inProvider(
  session: Session,
  definition: ProviderDefinition,
  wanted: string | null,
  { source }: FoundAt,
  taken: ReadonlySet<string>,
  given: Readonly<Record<string, string>>,
): Promise<Destination> {
  const takesTokens = flowsOf(definition).some(({ flow }) => flow === "token");
  const settings = { ...usualHosts(definition), ...given };
  const name = wanted === null ? null : nameFrom(wanted);
  if (name !== null) return { ref: { provider: definition.id, name }, settings, takesTokens };
  // Without an account it is the default, unless that is there already.
  const ref = { provider: definition.id, name: DEFAULT_NAME };
  const vault = await session.vault();
  const isFree = !taken.has(vaultName(ref)) && (vault === null || (await readConnection(vault, ref)) === null);
  return { ref: isFree ? ref : { ...ref, name: source.id }, settings, takesTokens };
}

/** Ignores variables of this environment that name another host: they aren't about the file (RULES.md 3.1). */
function usualHosts({ settings = {} }: ProviderDefinition): Record<string, string> {
  const hosts = Object.entries(settings).filter(([, { kind }]) => kind === "host");
  return Object.fromEntries(
    hosts.flatMap(([name, { default: usual }]) => (usual === undefined ? [] : [[name, usual]])),
  );
}

/** A key of no known provider. */
function asKey(service: string, name: string | null, settings: Readonly<Record<string, string>> = {}): Destination {
  const ref = { provider: "apikey", name: nameFrom(name ?? service) ?? "imported" };
  return { ref, settings, takesTokens: true };
}

async function atServer({ registry }: Session, url: string, name: string | null): Promise<Destination | string> {
  if (!isAllowedUrl(url)) return "its server isn't at an https URL";
  for (const definition of await registry.offered())
    if (issuerSetting(definition) !== null)
      return { ref: { provider: definition.id, name: name ?? nameForIssuer(url) }, settings: {}, takesTokens: false };
  return "no provider takes an issuer's URL";
}

/** The provider whose token this is, by host or variable; null where none is known, or several are. */
async function definitionFor({ registry }: Session, { target }: FoundAt): Promise<ProviderDefinition | null> {
  const takes = (definition: ProviderDefinition): boolean => flowsOf(definition).some(({ flow }) => flow === "token");
  try {
    if (target.by === "variable") {
      const { variable } = target;
      const all = (await registry.readers({ [variable]: "x" })).filter(takes);
      const readers = all.filter((definition) => readVariables(definition).includes(variable));
      return readers.length === 1 ? (readers[0] ?? null) : null;
    }
    if (target.by !== "host") return null;
    const all = await usableDefinitions(registry, await registry.everyId());
    const [only, ...others] = providersExactlyAt(all.filter(takes), target.host);
    return only === undefined || others.length > 0 ? null : only;
  } catch (error) {
    if (error instanceof AuthError) return null;
    throw error;
  }
}

/** A connection's name from the program's name for an account; null where none of it can be used. */
function nameFrom(text: string): string | null {
  const name = withoutEnd(text.replace(/[^A-Za-z0-9._@+/-]+/g, "-").replace(/^[^A-Za-z0-9]+/, ""), "._@+/-");
  return name === "" ? null : name.slice(0, 64);
}
