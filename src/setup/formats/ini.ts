/**
 * INI as Python's configparser reads it, which pip, Ansible and AWS' command line use: indented lines go on with the value
 * before them, and nothing may be set twice.
 *
 * https://docs.python.org/3/library/configparser.html#supported-ini-file-structure
 */
import { Unreadable } from "../change.ts";

export type Ini = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** `_` in the names of settings becomes `-`: to pip they are the same. @throws Unreadable */
export function parseIni(text: string): Ini {
  const sections: Record<string, Record<string, string>> = {};
  let section: Record<string, string> | null = null;
  let option: string | null = null;
  let indent = 0;
  for (const line of text.replace(/^\uFEFF/, "").split(/\r?\n/)) {
    const value = line.trim();
    if (value === "" || /^[#;]/.test(value)) continue;
    const own = line.length - line.trimStart().length;
    if (section !== null && option !== null && own > indent) {
      section[option] += `\n${value}`;
      continue;
    }
    indent = own;
    option = null;
    // configparser reads up to the last bracket.
    const header = /^\[(.+)\]/.exec(value)?.[1];
    if (header !== undefined) {
      const name = sectionName(header);
      if (Object.hasOwn(sections, name)) throw new Unreadable(`has [${name}] twice, which its program refuses`);
      section = {};
      sections[name] = section;
      continue;
    }
    const at = value.search(/[=:]/);
    const key = value.slice(0, Math.max(at, 0)).trimEnd();
    if (section === null || key === "")
      throw new Unreadable("has a line that its program refuses: no setting of a section");
    option = key.toLowerCase().replaceAll("_", "-");
    if (Object.hasOwn(section, option)) throw new Unreadable(`sets ${option} twice, which its program refuses`);
    section[option] = value.slice(at + 1).trimStart();
  }
  return sections;
}

/** AWS reads the words of a profile's header as a shell does. */
function sectionName(header: string): string {
  return /^profile\b/.test(header) ? plainName(header) : header;
}

/** The name in a section header, without quotes and blanks; null for another line. */
export function headerIn(line: string): string | null {
  const name = /^[\uFEFF\s]*\[([^\]]*)\]/.exec(line)?.[1];
  return name === undefined ? null : plainName(name);
}

function plainName(name: string): string {
  return name.replace(/["']/g, "").trim().replace(/\s+/g, " ");
}
