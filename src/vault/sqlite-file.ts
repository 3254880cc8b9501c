/**
 * One value out of a vault file, read by SQLite's file format (sqlite.org/fileformat2.html) and without SQLite: loading
 * it, opening with it and preparing a statement is a fifth of a token's time. Only for files that nobody writes
 * (`settled.ts`), only the form that our own files have; whatever else is found is an error, and SQLite's to judge. Few
 * calls and short loops: a function that is called thirty times starts the compiler, which takes longer than all of this.
 */
import { type Bytes, viewOf } from "./bytes.ts";

/** What SQLite makes by default. */
export const PAGE_BYTES = 4096;

/** A page by its number, counted from 1. @throws RangeError where there is none */
export type Pages = (number: number) => Bytes;

const MAGIC = "SQLite format 3\0";
/** Where in the file's header: page size, that it is in WAL mode, bytes reserved on each page, text encoding. */
const AT = { pageSize: 16, writeVersion: 18, readVersion: 19, reserved: 20, encoding: 56, end: 100 } as const;
const TABLE = "store";
const INDEX = "sqlite_autoindex_store_1";
const WAL = 2;
const UTF_8 = 1;

/** Kinds of B-tree page (§1.6). */
const INTERIOR_INDEX = 2;
const INTERIOR_TABLE = 5;
const LEAF_INDEX = 10;
const LEAF_TABLE = 13;
/** More than any record may have: a damaged length reserves no memory. */
const MOST_BYTES = 2 ** 24;
/** With four children on a page, deeper than any file. */
const MAX_DEPTH = 32;

/** What of a payload lies on the page itself: all of it up to these sizes (§1.6). */
const MOST_IN_TABLE = PAGE_BYTES - 35;
const MOST_IN_INDEX = Math.floor(((PAGE_BYTES - 12) * 64) / 255) - 23;
const LEAST = Math.floor(((PAGE_BYTES - 12) * 32) / 255) - 23;

/** The pages with which the table begins, and the index of its keys. */
export interface Roots {
  readonly table: number;
  readonly index: number;
}

/** By the schema (§2.6), which is on the first page. @throws Error where the file isn't of the expected form */
export function rootsOf(pages: Pages): Roots {
  const first = pages(1);
  const view = viewOf(first);
  const isOurs =
    says(first, 0, MAGIC) &&
    view.getUint16(AT.pageSize) === PAGE_BYTES &&
    first[AT.writeVersion] === WAL &&
    first[AT.readVersion] === WAL &&
    first[AT.reserved] === 0 &&
    view.getUint32(AT.encoding) === UTF_8;
  if (!isOurs || first[AT.end] !== LEAF_TABLE) throw odd();
  let table = 0;
  let index = 0;
  const count = view.getUint16(AT.end + 3);
  for (let i = 0; i < count; i++) {
    const { size, types, at } = cellAt(first, view.getUint16(AT.end + 8 + 2 * i), 2, 4);
    if (size > MOST_IN_TABLE) throw odd();
    const [type = 0, name = 0, of = 0, root = 0] = types;
    const nameAt = at + textLength(type);
    const page = integer(first, nameAt + textLength(name) + textLength(of), root);
    if (textLength(name) === TABLE.length && says(first, nameAt, TABLE)) table = page;
    if (textLength(name) === INDEX.length && says(first, nameAt, INDEX)) index = page;
  }
  if (table === 0 || index === 0) throw odd();
  return { table, index };
}

/**
 * `SELECT value FROM store WHERE key = ?`; null where there is no such row.
 *
 * @throws Error where the file isn't of the expected form
 */
export function storedValue(pages: Pages, { table, index }: Roots, key: Uint8Array): Bytes | null {
  const row = rowOf(pages, index, key);
  return row === null ? null : valueOfRow(pages, table, row);
}

/** The row that has the key, by the index. */
function rowOf(pages: Pages, root: number, key: Uint8Array): number | null {
  let number = root;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const page = pages(number);
    const view = viewOf(page);
    const isLeaf = page[0] === LEAF_INDEX;
    if (!isLeaf && page[0] !== INTERIOR_INDEX) throw odd();
    const cells = isLeaf ? 8 : 12;
    const count = view.getUint16(3);
    let low = 0;
    for (let high = count; low < high; ) {
      const middle = (low + high) >> 1;
      const { size, types, at } = cellAt(page, view.getUint16(cells + 2 * middle) + (isLeaf ? 0 : 4), 1, 2);
      if (size > MOST_IN_INDEX) throw odd();
      const end = at + textLength(types[0] ?? 0);
      const order = compare(page.subarray(at, end), key);
      if (order === 0) return integer(page, end, types[1] ?? 0);
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    if (isLeaf) return null;
    number = view.getUint32(low === count ? 8 : view.getUint16(cells + 2 * low));
  }
  throw odd();
}

function valueOfRow(pages: Pages, root: number, row: number): Bytes {
  let number = root;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const page = pages(number);
    const view = viewOf(page);
    const isLeaf = page[0] === LEAF_TABLE;
    if (!isLeaf && page[0] !== INTERIOR_TABLE) throw odd();
    const cells = isLeaf ? 8 : 12;
    const count = view.getUint16(3);
    let low = 0;
    for (let high = count; low < high; ) {
      const middle = (low + high) >> 1;
      const cell = cellAt(page, view.getUint16(cells + 2 * middle) + (isLeaf ? 0 : 4), isLeaf ? 2 : 1, 0);
      if (isLeaf && cell.last === row) return blobOf(payload(pages, page, cell));
      if (cell.last < row) low = middle + 1;
      else high = middle;
    }
    // The index named a row that isn't there.
    if (isLeaf) throw odd();
    number = view.getUint32(low === count ? 8 : view.getUint16(cells + 2 * low));
  }
  throw odd();
}

/** A payload as a whole: what doesn't fit on its page goes on in a chain of others (§1.6, "Overflow"). */
function payload(pages: Pages, page: Bytes, { size, at }: Cell): Bytes {
  if (size <= MOST_IN_TABLE) return page.subarray(at, at + size);
  if (size > MOST_BYTES) throw odd();
  const whole = new Uint8Array(size);
  const spread = LEAST + ((size - LEAST) % (PAGE_BYTES - 4));
  let written = spread <= MOST_IN_TABLE ? spread : LEAST;
  whole.set(page.subarray(at, at + written));
  let next = viewOf(page).getUint32(at + written);
  while (written < size) {
    const more = pages(next);
    whole.set(more.subarray(4, 4 + size - written), written);
    written += PAGE_BYTES - 4;
    next = viewOf(more).getUint32(0);
  }
  return whole;
}

/** The third column: after the key and the version, both texts. */
function blobOf(row: Bytes): Bytes {
  const { types, at } = cellAt(row, 0, 0, 3);
  const [key = 0, version = 0, blob = 0] = types;
  const begin = at + textLength(key) + textLength(version);
  const end = begin + (blob - 12) / 2;
  if (blob < 12 || blob % 2 !== 0 || end > row.length) throw odd();
  return row.slice(begin, end);
}

interface Cell {
  /** The first of its numbers: in a leaf, how long the payload is. */
  readonly size: number;
  /** The last of its numbers: in a table, the row. */
  readonly last: number;
  /** Of the record's first columns. */
  readonly types: readonly number[];
  /** Where their contents begin; without columns, the payload. */
  readonly at: number;
}

/**
 * What stands at the beginning of a cell: some numbers, then the record's header (§2.1), its length and the type of each
 * column. All are varints: seven bits a byte, the highest first (§1.6).
 */
function cellAt(bytes: Uint8Array, begin: number, numbers: number, columns: number): Cell {
  const types: number[] = [];
  const wanted = numbers + (columns === 0 ? 0 : 1 + columns);
  let [at, size, last, record, header] = [begin, 0, 0, begin, 0];
  for (let i = 0; i < wanted; i++) {
    let value = 0;
    let byte = 0x80;
    for (let length = 0; byte >= 0x80; length++) {
      byte = bytes[at++] ?? 0xff;
      // Nothing of ours needs all nine bytes that there may be.
      if (length === 7) throw odd();
      value = value * 128 + (byte & 0x7f);
    }
    if (i === 0) size = value;
    if (i < numbers) {
      last = value;
      record = at;
    } else if (i === numbers) header = value;
    else types.push(value);
  }
  if (columns > 0 && at > record + header) throw odd();
  return { size, last, types, at: record + header };
}

/** A whole number that isn't negative, of a column's type. */
function integer(bytes: Uint8Array, at: number, type: number): number {
  if (type === 8 || type === 9) return type - 8;
  const length = INTEGER_BYTES[type];
  if (length === undefined || at + length > bytes.length) throw odd();
  let value = 0;
  for (let i = 0; i < length; i++) value = value * 256 + (bytes[at + i] ?? 0);
  return value;
}

/** By a column's type. Eight bytes are more than we count. */
const INTEGER_BYTES: Readonly<Record<number, number>> = { 1: 1, 2: 2, 3: 3, 4: 4, 5: 6 };

/** Whether this ASCII text stands there. Without a decoder, which takes longer than all the rest. */
function says(bytes: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

function textLength(type: number): number {
  if (type < 13 || type % 2 === 0) throw odd();
  return (type - 13) / 2;
}

/** As SQLite orders texts: byte by byte, the shorter first. */
function compare(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function odd(): RangeError {
  return new RangeError("not a vault file of the expected form");
}
