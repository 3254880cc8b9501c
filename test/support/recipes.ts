/** The scripts of docs/recipes.md, for the tests that run them: what people copy is what was tried. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { AUTH } from "./program.ts";

const PAGES = join(import.meta.dir, "..", "..", "docs");

/**
 * @param section the heading that it is under
 * @param number which of the section's scripts, from 0
 * @param places what stands there → what stands for it here; each must be in it
 */
export function recipe(
  section: string,
  number: number,
  places: Readonly<Record<string, string>>,
  page = "recipes.md",
): string {
  const [, rest = ""] = readFileSync(join(PAGES, page), "utf8").split(`# ${section}\n`);
  const [text = ""] = rest.split(/\n##+ /, 1);
  const scripts = [...text.matchAll(/```[a-z]*\n([\s\S]*?)```/g)].map(([, script = ""]) => script);
  let script = scripts[number];
  if (script === undefined) throw new Error(`There is no script ${number} under ${section} in docs/${page}.`);
  for (const [there, here] of Object.entries(places)) {
    if (!script.includes(there)) throw new Error(`${there} isn't in the script under ${section}.`);
    script = script.replaceAll(there, here);
  }
  return script;
}

/** A PATH on which `auth` is the one that is tested. */
export function pathWithAuth(path = process.env.PATH ?? "/usr/bin:/bin"): string {
  return `${dirname(AUTH)}:${path}`;
}
