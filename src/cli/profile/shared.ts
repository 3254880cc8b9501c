/** What the profile commands have in common: finding one, changing it, showing it. */
import { missing } from "../../connections/missing.ts";
import { type Connection, encodeRecord, newConnection } from "../../connections/record.ts";
import {
  type ConnectionRef,
  checkName,
  DEFAULT_NAME,
  display,
  isAddress,
  parseNamed,
  vaultName,
} from "../../connections/ref.ts";
import { profileOf, select } from "../../connections/select.ts";
import { stateOf } from "../../connections/status.ts";
import {
  advanced,
  following,
  readConnection,
  requireConnection,
  type Stored,
  successor,
} from "../../connections/store.ts";
import { update } from "../../connections/update.ts";
import { AuthError, usage } from "../../platform/errors.ts";
import type { Vault } from "../../vault/types.ts";
import type { Args } from "../command.ts";
import { connectionForIssuer } from "../issuer.ts";
import type { Session } from "../session.ts";

/** The arguments by which a stored profile is named. */
export const PROFILE = {
  connection: { type: "positional", required: false, description: "<provider>, <provider>:<name> or https://issuer" },
  profile: { type: "string", alias: "p", valueHint: "name", description: "The connection of that name" },
} as const satisfies Args;

/** A connection that is to be made, with what the argument itself says: a provider alone means its `default`. */
export async function profileRef(
  { registry }: Session,
  argument: string | undefined,
  profile: string | undefined,
): Promise<{ readonly ref: ConnectionRef; readonly settings: Readonly<Record<string, string>> }> {
  if (argument === undefined) throw whichConnection();
  if (isAddress(argument)) {
    const { ref, settings } = await connectionForIssuer(registry, argument);
    return { ref: profile === undefined ? ref : { ...ref, name: checkName(profile) }, settings };
  }
  const { provider, name } = parseNamed(argument, profile);
  return { ref: { provider: await registry.require(provider), name: name ?? DEFAULT_NAME }, settings: {} };
}

function whichConnection(): AuthError {
  return usage("Which connection?", "For example: <provider>:work");
}

/** What is stored already: named in full, by its provider, or by `-p` alone. With no name at all none is guessed. */
export async function namedProfile(
  session: Session,
  argument: string | undefined,
  profile: string | undefined,
): Promise<{ vault: Vault; stored: Stored }> {
  const name = profileOf(session.context.env, argument, profile);
  if (argument === undefined && name === undefined) throw whichConnection();
  const selected = await select(session, { argument, profile: name, stored: true });
  if (selected.source !== "vault") throw new AuthError("internal", "A stored connection was asked for.");
  return requireProfile(session, selected.ref);
}

export async function requireProfile(session: Session, ref: ConnectionRef): Promise<{ vault: Vault; stored: Stored }> {
  await session.registry.get(ref.provider);
  const vault = await session.vault();
  const stored = vault === null ? null : await readConnection(vault, ref);
  if (vault === null || stored === null) throw await missing(vault, ref);
  return { vault, stored };
}

/** Stores a profile that must not exist yet. @returns false when it does */
export async function createProfile(
  vault: Vault,
  ref: ConnectionRef,
  fields: Partial<Connection>,
  now: number,
): Promise<boolean> {
  const record: Connection = { ...newConnection(ref.provider, ref.name, now), ...fields };
  const next = { version: following(null), body: encodeRecord(record) };
  return update(
    vault,
    () => readConnection(vault, ref),
    (held) => ({
      changes: held === null ? [{ type: "connection", name: vaultName(ref), expected: null, next }] : [],
      result: held === null,
    }),
  );
}

/** Changes a stored profile, over whatever else changes it at the same time. */
export async function changeProfile(
  vault: Vault,
  ref: ConnectionRef,
  change: (record: Connection) => Connection,
): Promise<Stored> {
  return update(
    vault,
    () => requireConnection(vault, ref),
    (current) => {
      const record = change(current.record);
      const step = successor(current, record);
      return { changes: [step], result: advanced(current, step.next.version, record) };
    },
  );
}

export interface ProfileView {
  readonly connection: string;
  readonly provider: string;
  readonly name: string;
  readonly status: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly issuer: string | null;
  readonly endpoints: Readonly<Record<string, string>>;
  readonly scopes: readonly string[] | null;
  readonly flow: string | null;
  readonly clientId: string | null;
}

export function profileView({ ref, record }: Stored, now: number): ProfileView {
  const { settings, issuer, endpoints, scopes, flow, clientId } = record;
  const { status } = stateOf(record, now);
  return { connection: display(ref), ...ref, status, settings, issuer, endpoints, scopes, flow, clientId };
}
