/** An entry on its way to a description: what was read of it, what was asked of settings, and what got lost. */

import type { Read } from "./catalogue.ts";
import { BESIDE, type Entry } from "./entry.ts";

/** Something of an entry that a description can't say. */
export interface Loss {
  /** The catalogue's name for it: `token_params.assertion`. */
  readonly field: string;
  /** Reads on from the field. */
  readonly why: string;
}

export class Draft {
  readonly lost: Loss[] = [];
  /** Fields that are not about logins or tokens. */
  readonly beside: string[] = [];
  /** The catalogue's name of a value → the setting that stands for it. */
  readonly settings = new Map<string, string>();
  /** Values that stand where nobody gives another: from the catalogue's `a || b`. */
  readonly defaults = new Map<string, string>();
  /** Values that a connection can do without. */
  readonly optional = new Set<string>();
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

  /** Whether nobody may see what is given for a name. */
  isSecret(name: string): boolean {
    const properties = this.#entry.connection_config ?? {};
    return Object.hasOwn(properties, name) && properties[name]?.secret === true;
  }

  lose(field: string, why: string): void {
    if (!this.lost.some((loss) => loss.field === field)) this.lost.push({ field, why });
  }

  /** Whatever nobody looked at is lost by name, or has nothing to do with it. */
  loseUnread(): void {
    for (const field of this.#unread)
      if (BESIDE.includes(field)) this.beside.push(field);
      else this.lose(field, "can't be said");
  }
}

/** A list, or nothing where it is empty: descriptions leave out what says nothing. */
export function some<T>(values: readonly T[]): T[] | undefined {
  return values.length === 0 ? undefined : [...values];
}

export function someFields<T>(fields: Readonly<Record<string, T>>): Record<string, T> | undefined {
  return Object.keys(fields).length === 0 ? undefined : { ...fields };
}

/** A group without the fields that have no value, or nothing where none is left. */
export function group<T extends object>(fields: T): T | undefined {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as T);
}
