/**
 * `.netrc`: passwords and tokens by host, for curl, git and others.
 *
 * https://everything.curl.dev/usingcurl/netrc.html
 */
import { inFolder, inHome } from "../../platform/places.ts";
import { Secret } from "../../platform/secret.ts";
import { hostFrom } from "../../platform/url.ts";
import type { ForeignFile } from "../file.ts";
import { unknownForm } from "../refused.ts";
import { type Found, type ImportSource, textPlaces } from "../source.ts";

export const netrc: ImportSource = {
  id: "netrc",
  title: "netrc",
  otherNames: [".netrc"],
  places: (where) => {
    const names = where.platform === "win32" ? [".netrc", "_netrc"] : [".netrc"];
    const usual = names.flatMap((name) => inHome(where, name));
    return textPlaces(where, inFolder(where, "NETRC", usual), readText);
  },
};

interface Machine {
  readonly host: string;
  readonly login: string | null;
  readonly password: string | null;
  readonly from: number;
  readonly to: number;
}

function readText({ path, text }: ForeignFile): Found[] {
  const all = machinesIn(path, text);
  return all.flatMap(({ host, login, password }, i): Found[] => {
    const at = hostFrom(host);
    if (at === null || !password || all.findIndex((one) => isSame(one, host, login, password)) !== i) return [];
    const edit = (now: string): string => withoutMachine(path, now, host, login, password);
    const credential = { kind: "key", accessToken: new Secret(password) } as const;
    return [{ account: login, target: { by: "host", host: at }, credential, removal: { from: "text", edit } }];
  });
}

/** Within quotes, as curl has it (lib/netrc.c). */
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** Words, or text in double quotes. What comes after `macdef`, up to an empty line, is skipped. */
function machinesIn(path: string, text: string): Machine[] {
  const found: Machine[] = [];
  let machine: { host: string; login: string | null; password: string | null; from: number } | null = null;
  const end = (to: number): void => {
    if (machine !== null) found.push({ ...machine, to });
    machine = null;
  };
  const words = /"((?:[^"\\\n]|\\.)*)"|\S+/g;
  const next = (): string | null => {
    const match = words.exec(text);
    return match === null
      ? null
      : (match[1]?.replace(/\\(.)/g, (_, char: string) => ESCAPES[char] ?? char) ?? match[0]);
  };
  for (let match = words.exec(text); match !== null; match = words.exec(text)) {
    const { index } = match;
    const [word] = match;
    if (word.startsWith("#")) words.lastIndex = lineEnd(text, index);
    else if (word === "macdef") {
      end(index);
      const empty = text.indexOf("\n\n", index);
      words.lastIndex = empty === -1 ? text.length : empty;
    } else if (word === "default") end(index);
    else if (word === "machine") {
      end(index);
      machine = { host: next() ?? "", login: null, password: null, from: index };
    } else if (word === "login" || word === "password" || word === "account") {
      const value = next();
      if (value === null) throw unknownForm(path, "netrc", `nothing comes after '${word}'`);
      if (machine !== null && word !== "account") machine[word] = value;
    } else throw unknownForm(path, "netrc", "it has a word that isn't one of netrc's");
  }
  end(text.length);
  return found;
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end === -1 ? text.length : end;
}

/** Removes every entry with the same values. */
function withoutMachine(path: string, text: string, host: string, login: string | null, password: string): string {
  const mine = machinesIn(path, text).filter((one) => isSame(one, host, login, password));
  return mine.reduceRight((left, { from, to }) => left.slice(0, from) + left.slice(to), text);
}

function isSame(one: Machine, host: string, login: string | null, password: string): boolean {
  return one.host === host && one.login === login && one.password === password;
}
