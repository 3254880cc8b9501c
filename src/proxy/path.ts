/**
 * Paths that programs read differently: a rule must see the path that the API acts on. A target is never repaired: it is
 * passed on unchanged, or refused.
 */
import { isUtf8 } from "node:buffer";

/** What is wrong with a request's target, as a clause after "the path"; null: it is unambiguous. */
export function pathFault(target: string): string | null {
  if (!target.startsWith("/")) return "doesn't begin with a slash";
  if (!/^[\x21-\x7e]+$/.test(target)) return "has characters that belong in no address";
  const path = pathOf(target);
  if (target.includes("#")) return "has a fragment";
  if (/\\|%5c/i.test(path)) return "has a backslash in it";
  if (/%(?![0-9a-f]{2})/i.test(path)) return "has a percent sign that begins no escape";
  if (/%(0[0-9a-f]|1[0-9a-f]|7f)/i.test(path)) return "has a control character in it";
  // Where it is escaped too often, it gets no token anyway.
  if (readingsOf(target)?.some(hasDots)) return "has '.' or '..' as a part";
  return null;
}

function hasDots(path: string): boolean {
  return path.split(/[/\\]/).some((part) => /^\.{1,2}(;.*)?$/s.test(part));
}

/** Why a rule can't be applied to a path: an API may read it as another path. */
export function ruleFault(target: string): string | null {
  const path = pathOf(target);
  if (/%2f/i.test(path)) return "has an escaped slash in it";
  if (path.includes("//")) return "has an empty part";
  if (/;|%3b/i.test(path)) return "has a semicolon in it";
  if (/%25/i.test(path)) return "has an escaped percent sign in it";
  if (!isUtf8(bytesOf(path))) return "has an escape that is no UTF-8";
  return null;
}

export function pathOf(target: string): string {
  const query = target.indexOf("?");
  return query < 0 ? target : target.slice(0, query);
}

/** The path as an API reads it, for comparison. Bytes that aren't UTF-8 match no character of a rule. */
export function decodedPath(target: string): string {
  return withoutEscapes(pathOf(target));
}

/** The parameters of a target's query, as an API may read them that divides them by semicolons too. */
export function queryOf(target: string): [name: string, value: string][] {
  const query = target.slice(pathOf(target).length + 1);
  return query.split(/[&;]/).map((pair) => {
    const [name = "", ...value] = pair.replaceAll("+", " ").split("=");
    return [withoutEscapes(name), withoutEscapes(value.join("="))];
  });
}

function withoutEscapes(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => bytesOf(escapes).toString());
}

function bytesOf(text: string): Buffer {
  const latin1 = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(latin1, "latin1");
}

/** How often a path may be escaped again. */
const MOST_DECODINGS = 4;

/** The path as APIs may read it that decode it repeatedly (`%256e`), or before they look for a query. null: escaped too often. */
export function readingsOf(target: string): string[] | null {
  const readings = [pathOf(target)];
  for (let i = 0; i < MOST_DECODINGS; i++) {
    const last = readings.at(-1) ?? "";
    const next = withoutEscapes(last);
    if (next === last) return readings.flatMap((reading) => [reading, pathOf(reading)]);
    readings.push(next);
  }
  return null;
}
