/**
 * `.env` of the current folder: variables that hold a token or a key. Shells, dotenv, Node.js, Docker Compose and
 * python-dotenv differ in quotes, comments and escapes: only values that all of them read the same are imported.
 *
 * https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax and
 * https://github.com/motdotla/dotenv#comments
 */
import { joined } from "../../platform/places.ts";
import { Secret } from "../../platform/secret.ts";
import type { ForeignFile } from "../file.ts";
import { type Found, type ImportSource, textPlaces } from "../source.ts";

export const dotenv: ImportSource = {
  id: "env",
  title: ".env",
  otherNames: [".env", "dotenv"],
  places: (where) => textPlaces(where, [joined(where, where.folder, ".env")], readText),
};

/** Names of tokens and keys that can be used alone, unlike a client's secret. */
const USABLE = /(?:^|_)(?:TOKEN|API_?KEY|PAT|ACCESS_KEY|AUTH_KEY)$/i;
/** Other names of secrets. */
const SECRET =
  /(?:^|_)(?:KEY|SECRET|TOKEN|PASSWORD|PASSWD|PASS|PASSPHRASE|CREDENTIALS?|DSN)$|(?:^|_)(?:SECRET|PRIVATE)_/i;
const NO_SECRET = /PUBLIC|PUBLISHABLE/i;
/** An address with a password: `postgres://app:secret@db.example/app`. */
const WITH_PASSWORD = /^["'`]?[a-z][a-z0-9+.-]*:\/\/[^\s/@:]*:[^\s/@]+@/i;
/** Placeholders of examples. */
const NONE = /^(?:|x+|\*+|\.+|<.*>|your[-_ ].*|change.?me|todo|null|none|test)$/i;
/** A reference to the value. */
const REFERENCE = /^\$|^\$?\{|\$\{|^(?:op|auth|vault):\/\//i;

function readText({ text }: ForeignFile): Found[] {
  const all = assignmentsIn(text);
  return [...new Set(all.map(({ variable }) => variable))].flatMap((variable): Found[] => {
    if (variable.startsWith("AUTH_")) return [];
    const mine = all.filter((one) => one.variable === variable);
    const [written = "", ...others] = new Set(mine.map((one) => one.written));
    const value = readAlike(written)?.trim() ?? null;
    const common = { account: null, target: { by: "variable", variable } } as const;
    const stays = (why: string): Found[] => [{ ...common, credential: null, stays: why }];
    const isUsable = USABLE.test(variable);
    const isSecret = (SECRET.test(variable) && !NO_SECRET.test(variable)) || WITH_PASSWORD.test(written);
    if ((!isUsable && !isSecret) || NONE.test(value ?? written)) return [];
    if (REFERENCE.test(value ?? written)) return stays("it says where the value is, and holds none");
    if (!isUsable) return stays("it isn't certainly a token or an API key by itself");
    if (others.length > 0) return stays("it is set more than once: leave one in the file");
    if (value === null)
      return stays("programs differ in how they read its value: put it in single quotes, alone on its line");
    const credential = { kind: "key", accessToken: new Secret(value) } as const;
    return [{ ...common, credential, removal: { from: "text", edit: (now) => without(now, variable, written) } }];
  });
}

interface Assignment {
  readonly variable: string;
  /** All that comes after `=`. */
  readonly written: string;
  readonly from: number;
  readonly to: number;
}

/** A value in quotes may have several lines, none of which is another assignment. */
function assignmentsIn(text: string): Assignment[] {
  const found: Assignment[] = [];
  for (let from = 0, to: number; from < text.length; from = to) {
    to = afterLine(text, from);
    const [start, variable] = /^\s*(?:export\s+)?([A-Za-z_]\w*)[ \t]*=[ \t]*/.exec(text.slice(from, to)) ?? [];
    if (start === undefined || variable === undefined) continue;
    const value = from + start.length;
    const quote = /["'`]/.exec(text.charAt(value))?.[0];
    const end = quote === undefined ? -1 : text.indexOf(quote, value + 1);
    if (end !== -1) to = afterLine(text, end);
    found.push({ variable, written: text.slice(value, to).trim(), from, to });
  }
  return found;
}

function afterLine(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end === -1 ? text.length : end + 1;
}

/** Without quotes and a comment; null where programs differ in how they read it. */
function readAlike(written: string): string | null {
  const plain = /^([^\s#'"`\\$;&|<>()]*)(?:\s+#.*)?$/.exec(written)?.[1];
  const quoted = /^(?:'([^'\\\n]*)'|"([^"\\$`\n]*)")(?:\s+#.*)?$/.exec(written);
  return plain ?? quoted?.[1] ?? quoted?.[2] ?? null;
}

function without(text: string, variable: string, written: string): string {
  const mine = assignmentsIn(text).filter((one) => one.variable === variable);
  if (mine.some((one) => one.written !== written)) return text;
  return mine.reduceRight((left, { from, to }) => left.slice(0, from) + left.slice(to), text);
}
