/** An entry on its way to a description: what was read of it, what was asked of settings, and what got lost. */
import { asObject, ownValue } from "../../platform/json.ts";
import { Addresses } from "./addresses.ts";
import type { Read } from "./catalogue.ts";
import { type Entry, UNRELATED } from "./entry.ts";

/** Something of an entry that a description can't say. */
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
  /** Values that a connection can do without. */
  readonly optional = new Set<string>();
  readonly addresses = new Addresses(this);
  readonly #entry: Entry;
  readonly #unread: Set<string>;

  constructor({ entry, fields }: Read) {
    this.#entry = entry;
    this.#unread = new Set(fields);
  }

  /** A field, which is thereby accounted for. */
  take<Field extends keyof Entry>(field: Field): NonNullable<Entry[Field]> | undefined {
    this.#unread.delete(field);
    return this.#entry[field] ?? undefined;
  }

  /** What a person is asked for as credentials. Any that isn't `known` is lost. */
  takeCredentials(known: readonly string[]): NonNullable<Entry["credentials"]> {
    const all = this.take("credentials") ?? {};
    for (const name of Object.keys(all))
      if (!known.includes(name)) this.lose(`credentials.${name}`, `is asked for besides ${known.join(" and ")}`);
    return all;
  }

  /** Whether what is given for a name must not be shown. */
  isSecret(name: string): boolean {
    return ownValue(this.#entry.connection_config ?? {}, name)?.secret === true;
  }

  lose(field: string, why: string): void {
    if (!this.lost.some((loss) => loss.field === field)) this.lost.push({ field, why });
  }

  /** What no part took is lost by name, unless it has nothing to do with logins. */
  loseUnread(): void {
    for (const field of this.#unread) if (!UNRELATED.includes(field)) this.lose(field, "can't be said");
  }
}

/** Without fields that say nothing: those without a value, empty lists, and groups in which nothing is left. */
export function withoutEmpty(group: object): Record<string, unknown> {
  const kept = Object.entries(group).map(([name, value]) => [name, asObject(value) ? withoutEmpty(value) : value]);
  return Object.fromEntries(kept.filter(([, value]) => value !== undefined && !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
