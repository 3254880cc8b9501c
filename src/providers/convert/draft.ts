/** The state of a conversion: the fields that were read, the settings, and what was lost. */
import { asObject, ownValue } from "../../platform/json.ts";
import type { ProviderDefinition } from "../schema.ts";
import { Addresses } from "./addresses.ts";
import type { Read } from "./catalogue.ts";
import { type Entry, type Property, UNRELATED } from "./entry.ts";

/** A field that a description can't express. */
export interface Loss {
  /** The catalogue's name for it: `token_params.assertion`. */
  readonly field: string;
  /** Reads on from the field. */
  readonly why: string;
}

export class Draft {
  readonly lost: Loss[] = [];
  /** The catalogue's name of a value → the setting that holds it. */
  readonly settings = new Map<string, string>();
  /** Values that count where no other is given: from the catalogue's `a || b`. */
  readonly defaults = new Map<string, string>();
  /** Optional values. */
  readonly optional = new Set<string>();
  /** Values that the provider reports, each with its allowed hosts; without: any host of the provider's own domain. */
  readonly told = new Map<string, { readonly isHost: boolean; readonly hosts: readonly string[] }>();
  /** What the API wants beside the token. */
  readonly companions: NonNullable<ProviderDefinition["companions"]> = {};
  /** Assumptions: what the description needs and the entry doesn't say. */
  readonly assumed: string[] = [];
  readonly addresses = new Addresses(this);
  readonly id: string;
  readonly #entry: Entry;
  readonly #unread: Set<string>;

  constructor({ entry, fields }: Read, id: string) {
    this.id = id;
    this.#entry = entry;
    this.#unread = new Set(fields);
  }

  /** Reads a field, and marks it as handled. */
  take<Field extends keyof Entry>(field: Field): NonNullable<Entry[Field]> | undefined {
    this.#unread.delete(field);
    return this.#entry[field] ?? undefined;
  }

  /** The credentials that a person gives. Those that aren't `known` are lost. */
  takeCredentials(known: readonly string[]): NonNullable<Entry["credentials"]> {
    const all = this.take("credentials") ?? {};
    for (const name of Object.keys(all))
      if (!known.includes(name)) this.lose(`credentials.${name}`, `is asked for besides ${known.join(" and ")}`);
    return all;
  }

  /** Whether what is given for a name must not be shown. */
  isSecret(name: string): boolean {
    return this.property(name)?.secret === true;
  }

  /** What a connection is asked for, or has told, under a name. */
  property(name: string): Property | undefined {
    return ownValue(this.#entry.connection_config ?? {}, name);
  }

  /** Where the provider reports a value: in the browser's answer, or in its token reply. */
  sourceOf(name: string): "answer" | "reply" | null {
    if (this.#entry.redirect_uri_metadata?.includes(name)) return "answer";
    return this.#entry.token_response_metadata?.includes(name) ? "reply" : null;
  }

  lose(field: string, why: string): void {
    if (!this.lost.some((loss) => loss.field === field)) this.lost.push({ field, why });
  }

  /** Reports unhandled fields as lost, unless they have nothing to do with logins. */
  loseUnread(): void {
    for (const field of this.#unread) if (!UNRELATED.includes(field)) this.lose(field, "can't be said");
  }
}

/** Without empty fields: those without a value, empty lists, and empty groups. */
export function withoutEmpty(group: object): Record<string, unknown> {
  const kept = Object.entries(group).map(([name, value]) => [name, asObject(value) ? withoutEmpty(value) : value]);
  return Object.fromEntries(kept.filter(([, value]) => value !== undefined && !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
