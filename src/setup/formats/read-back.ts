/**
 * Parses a file with our lines in it as its program does: it has to have our settings, and all others as before. A search
 * by lines alone can miss a setting that the parser sees, or find one in what the parser reads as text.
 */
import { asObject, type Json } from "../../platform/json.ts";
import { type LinesChange, Unreadable } from "../change.ts";
import { parseIni } from "./ini.ts";

/** @throws Unreadable where it says something else, or its program would refuse it */
export async function requireRead(before: string, after: string, change: LinesChange): Promise<void> {
  const parse = await parserFor(change);
  if (parse === null) return;
  const { section, lines } = change;
  const was = parse(before);
  const is = readable(() => parse(after));
  const ours = parse([...(section ? [section] : []), ...lines].join("\n"));
  if (is === null || !Bun.deepEquals(is, merged(was, ours)))
    throw new Unreadable("says something about it elsewhere, in a form that can't be added to");
}

async function parserFor({ syntax, section }: LinesChange): Promise<((text: string) => Json) | null> {
  if (syntax === "toml") {
    const { parse } = await import("smol-toml");
    return (text) => {
      try {
        return parse(text.replace(/^\uFEFF/, ""));
      } catch {
        throw new Unreadable("isn't TOML");
      }
    };
  }
  return section ? parseIni : null;
}

function readable<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof Unreadable) return null;
    throw error;
  }
}

function merged(one: unknown, other: unknown): unknown {
  const [base, over] = [asObject(one), asObject(other)];
  if (base === null || over === null) return other;
  const fields = Object.entries(over).map(([name, value]) => [
    name,
    Object.hasOwn(base, name) ? merged(base[name], value) : value,
  ]);
  return { ...base, ...Object.fromEntries(fields) };
}
