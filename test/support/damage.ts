/** Ways to spoil a vault file, from outside and without its key. */
import { Database } from "bun:sqlite";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";

/** One stored value: the header, or a sealed record. */
export interface Row {
  readonly key: string;
  readonly value: Uint8Array;
}

export function headerOf(vault: string): Row {
  return rows(vault).find(({ key }) => key === "header") as Row;
}

export function recordsOf(vault: string): Row[] {
  return rows(vault).filter(({ key }) => key !== "header");
}

/** In place of what is there; SQLite itself finds nothing wrong with it. */
export function putValue(vault: string, { key, value }: Row): void {
  const database = new Database(vault);
  database.query("UPDATE store SET value = ?2 WHERE key = ?1").run(key, value);
  database.close();
}

/** As a newer version would write it: the format number comes first. */
export function fromTheFuture({ key, value }: Row): Row {
  return { key, value: Uint8Array.of(200, ...value.subarray(1)) };
}

export function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ (1 << (at % 8));
  return copy;
}

export function flipInFile(path: string, at: number): void {
  writeFileSync(path, flipped(readFileSync(path), at));
}

export function cut(path: string, length: number): void {
  truncateSync(path, length);
}

function rows(vault: string): Row[] {
  const database = new Database(vault, { readonly: true });
  try {
    return database.query("SELECT key, value FROM store ORDER BY key").all() as Row[];
  } finally {
    database.close();
  }
}
