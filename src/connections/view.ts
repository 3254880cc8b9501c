/** How a connection is shown: the list entry of CLI.md §4, and the fields that `get` knows. */
import type { EnvironmentToken } from "../providers/environment.ts";
import type { Meanings } from "./defaults.ts";
import { isNamedHere } from "./folder/choice.ts";
import { type ConnectionRef, display } from "./ref.ts";
import { type State, stateOf } from "./status.ts";
import type { Stored, UnreadableRecord } from "./store.ts";

export interface ListEntry {
  readonly connection: string;
  readonly provider: string;
  readonly name: string | null;
  readonly account: string | null;
  readonly organization: string | null;
  readonly host: string | null;
  readonly source: "vault" | `env:${string}`;
  readonly status: State["status"];
  readonly reason: State["reason"];
  readonly scopes: readonly string[];
  readonly expiresAt: string | null;
  readonly refreshable: boolean;
  /** When the refresh token ends if it isn't used until then; null: unknown. */
  readonly refreshTokenExpiresAt: string | null;
  /** When a person has to log in again, however often the tokens are refreshed; null: unknown. */
  readonly authorizationExpiresAt: string | null;
  readonly default: boolean;
  readonly providerDefault: boolean;
  /** The folder's file, where that names it. */
  readonly folder?: string;
  readonly lastError: {
    readonly code: string;
    readonly reason: string;
    /** The provider's own words, where it had any. */
    readonly detail?: string;
    readonly at: string;
  } | null;
}

export function iso(time: number): string {
  return new Date(time).toISOString();
}

function isoOrNull(time: number | null | undefined): string | null {
  return time == null ? null : iso(time);
}

/** What `auth token` alone means, and what `auth token <provider>` means. */
export type Marks = Pick<ListEntry, "default" | "providerDefault" | "folder">;

export const NO_DEFAULT: Marks = { default: false, providerDefault: false };

/** @param connection as it is shown: `github:work`, or `github` for a token in the environment */
export function marksOf({ overall, providers, decidingFile }: Meanings, connection: string): Marks {
  const provider = connection.split(":", 1)[0] ?? "";
  const marks = { default: overall === connection, providerDefault: providers.get(provider) === connection };
  return decidingFile !== undefined && isNamedHere(decidingFile, connection)
    ? { ...marks, folder: decidingFile.file }
    : marks;
}

export function entryOf(stored: Stored, marks: Marks, now: number): ListEntry {
  const { record, ref } = stored;
  const { tokens, failure, account } = record;
  return {
    connection: display(ref),
    provider: ref.provider,
    name: ref.name,
    account: account?.label ?? account?.id ?? null,
    organization: account?.organization ?? null,
    host: hostOf(stored),
    source: "vault",
    ...stateOf(record, now),
    scopes: tokens?.scopes ?? [],
    expiresAt: isoOrNull(tokens?.expiresAt),
    refreshable: tokens?.refreshToken != null,
    refreshTokenExpiresAt: isoOrNull(tokens?.refreshExpiresAt),
    authorizationExpiresAt: isoOrNull(tokens?.authorizationExpiresAt),
    ...marks,
    lastError: failure && {
      code: failure.code,
      reason: failure.reason,
      ...(failure.detail && { detail: failure.detail }),
      at: iso(failure.at),
    },
  };
}

/** A connection of which no more is known than its name. */
export function unreadableEntry(ref: ConnectionRef, error: UnreadableRecord["error"], marks: Marks): ListEntry {
  return entryWithoutTokens(
    {
      connection: display(ref),
      provider: ref.provider,
      name: ref.name,
      host: null,
      source: "vault",
      status: "unreadable",
      reason: error.code === "vault_rolled_back" ? "rolled_back" : "corrupt",
    },
    marks,
  );
}

type Known = Pick<ListEntry, "connection" | "provider" | "name" | "host" | "source" | "status" | "reason">;

/** With the same fields, in the same order, as the others. */
function entryWithoutTokens({ connection, provider, name, host, ...known }: Known, marks: Marks): ListEntry {
  return {
    connection,
    provider,
    name,
    account: null,
    organization: null,
    host,
    ...known,
    scopes: [],
    expiresAt: null,
    refreshable: false,
    refreshTokenExpiresAt: null,
    authorizationExpiresAt: null,
    ...marks,
    lastError: null,
  };
}

function hostOf({ record }: Stored): string | null {
  if (record.settings.host !== undefined) return record.settings.host;
  const url = record.pinned?.issuer ?? record.pinned?.endpoints.token ?? record.pinned?.origins[0];
  return url === undefined || url === null ? null : new URL(url).host;
}

/** A token in the environment: never refreshed, its expiry unknown. */
export function environmentEntry(provider: string, found: EnvironmentToken, marks: Marks): ListEntry {
  return entryWithoutTokens(
    {
      connection: provider,
      provider,
      name: null,
      host: found.settings.host ?? null,
      source: `env:${found.variable}`,
      status: "connected",
      reason: null,
    },
    marks,
  );
}

/** CLI.md §1 "Durations": floor, singular where 1. */
export function duration(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 1) return "less than a minute";
  if (minutes < 120) return count(minutes, "minute");
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return count(hours, "hour");
  return count(Math.floor(hours / 24), "day");
}

function count(n: number, unit: string): string {
  return `${n} ${unit}${n === 1 ? "" : "s"}`;
}
