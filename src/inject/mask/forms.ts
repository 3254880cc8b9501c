/**
 * The forms in which programs print a secret. Each is a sequence of units (a character, two hex digits), a unit is
 * a graph of the bytes by which it may be written, and between two units a line may be broken or a colour change: so text
 * that is partly escaped, wrapped at any column, or highlighted in part is found by the same few forms.
 */
import { isUnmistakable } from "../../platform/redact.ts";
import { add, type Step, step } from "./step.ts";
import { hex, LINE_BREAKS, textWays, type Way } from "./ways.ts";

export interface Form {
  readonly id: number;
  readonly units: readonly Step[];
  /** What may come between two units, any number of times. */
  readonly between: Step;
  /** Units at its beginning that reveal nothing of the secret, or so little that they need not be held back for long. */
  readonly harmless: number;
  /** Bytes: one that is written with more around its units isn't recognised, which bounds what is held back. */
  readonly longest: number;
}

/** Characters: a shorter value is found in ordinary text, and masking it would change that. */
const SHORTEST = 8;

export function isMaskable(secret: string): boolean {
  return [...secret].length >= SHORTEST;
}

/** Characters that may come out. */
const HARMLESS = 3;
/** Characters of a secret that is long enough to lose its beginning. */
const LONG = 24;
/**
 * What all tokens of a kind begin with: `github_pat_`, `sk-proj-`, the first line of a key. Words alone are no kind: a
 * passphrase is made of them. What comes after a kind is one random word.
 */
const KIND = /^(?:[A-Za-z]{1,8}[_.-]){1,3}(?=([A-Za-z0-9]{20}))|^-----BEGIN [A-Z ]{1,40}-----/;

/** Characters. */
function kindOf(secret: string): number {
  const [kind = "", random] = KIND.exec(secret) ?? [];
  return secret.length < LONG || (random !== undefined && !isUnmistakable(random)) ? 0 : kind.length;
}

export function formsOf(secret: string): Form[] {
  const wellFormed = secret.toWellFormed();
  const harmless = HARMLESS + kindOf(wellFormed);
  const lines = wellFormed.split(/[\r\n]+/);
  const bytes = new TextEncoder().encode(wellFormed);
  const withCrLf = new TextEncoder().encode(wellFormed.replace(/\r?\n/g, "\r\n"));
  // RFC 6749 §2.3.1: within Basic credentials a client's secret is form-encoded first.
  const encoded = new TextEncoder().encode(new URLSearchParams({ "": wellFormed }).toString().slice(1));
  const inBase64 = new Set([bytes, withCrLf, encoded].flatMap(base64Pieces));
  return [
    // Line ends may come between units: kept, changed, or left out where lines are joined.
    form([...lines.join("")].map(textUnit), harmless, lines.length > 1 ? BETWEEN_LINES : BETWEEN),
    // One line of a key is worth masking too; `"type": "service_account"` isn't.
    ...(lines.length > 1 ? lines : []).filter(isUnmistakable).map((line) => form([...line].map(textUnit), HARMLESS)),
    ...[...inBase64].map((piece) => form([...piece].map(base64Unit), harmless * (4 / 3))),
    ...[bytes, withCrLf]
      .slice(0, lines.length > 1 ? 2 : 1)
      .flatMap((each) => [
        form([...each].map(hexUnit), harmless, BETWEEN_HEX),
        form([...each].map(decimalUnit), harmless, BETWEEN_LINES),
        form([...each].map(hexNumberUnit), harmless, BETWEEN_LINES),
      ]),
  ];
}

/**
 * Base64 of a text that has the secret somewhere inside (`user:secret` in a Basic header) shows it in one of three
 * alignments. For each: the characters that depend on nothing but the secret.
 */
function base64Pieces(bytes: Uint8Array): string[] {
  return [0, 1, 2].map((shift) => {
    const padded = new Uint8Array(shift + bytes.length);
    padded.set(bytes, shift);
    return padded
      .toBase64({ omitPadding: true })
      .slice(Math.ceil((shift * 8) / 6), Math.floor((padded.length * 8) / 6));
  });
}

let forms = 0;

function form(units: readonly Step[], harmless: number, between: Step = BETWEEN): Form {
  return { id: forms++, units, between, harmless, longest: 1024 + 16 * units.length };
}

function unitOf(ways: Iterable<Way>): Step {
  const first = step();
  for (const way of ways) add(first, way, 1);
  return first;
}

const units = new Map<string, Step>();

function cached(key: string, ways: () => Iterable<Way>): Step {
  const unit = units.get(key) ?? unitOf(ways());
  units.set(key, unit);
  return unit;
}

function textUnit(character: string): Step {
  return cached(character, () => textWays(character));
}

/** Base64url differs in two characters, and both are escaped in URLs and JSON as any others. */
function base64Unit(character: string): Step {
  const same = character === "+" ? "-" : character === "/" ? "_" : null;
  if (same === null) return textUnit(character);
  return cached(`base64 ${character}`, () => [...textWays(character), [same]]);
}

/** `6875`, `68:75`, `68-75`; blanks are between units. */
function hexUnit(byte: number, index: number): Step {
  const signs = index === 0 ? [""] : ["", ":", "-"];
  return cached(`hex ${signs} ${byte}`, () => signs.map((sign) => [sign + hex(byte, 2), "any case"]));
}

/** Node's Buffer as JSON, Python's list of bytes, indented or not. All but the last are followed by a comma. */
function decimalUnit(byte: number, index: number, { length }: { readonly length: number }): Step {
  const sign = index === length - 1 ? "" : ",";
  return cached(`decimal ${byte}${sign}`, () => [[byte + sign]]);
}

/** A list of bytes in C, Go (`%#v`), Rust (`{:#x?}`) and of `xxd -i`, indented or not. */
function hexNumberUnit(byte: number, index: number, { length }: { readonly length: number }): Step {
  const sign = index === length - 1 ? "" : ",";
  return cached(`hex number ${byte}${sign}`, () => [[`0x${hex(byte, 2)}${sign}`, "any case"]]);
}

const BETWEEN = between(LINE_BREAKS);
const BETWEEN_LINES = between([...LINE_BREAKS, [" "], ["\t"]]);
/** A new line of `od -tx1` begins with its offset, of so many digits at least: seven, with `-Ax` six. */
const SHORTEST_OFFSET = 6;
const BETWEEN_HEX = withOffsets(between([...LINE_BREAKS, [" "]]));

/** With the sequences by which a terminal changes colour or moves its cursor (ECMA-48 §5.4; `ESC ( B` of ISO 2022). */
function between(ways: readonly Way[]): Step {
  const first = step();
  for (const way of [...ways, ["\x1b(B"] as const]) add(first, way, 0);
  const parameters = step();
  first.next.get(0x1b)?.next.set(0x5b, parameters);
  for (let byte = 0x20; byte <= 0x3f; byte++) parameters.next.set(byte, parameters);
  const end = step(0);
  for (let byte = 0x40; byte <= 0x7e; byte++) parameters.next.set(byte, end);
  return first;
}

function withOffsets(first: Step): Step {
  let at = first.next.get(0x0a);
  for (let digits = 1; at !== undefined && digits <= SHORTEST_OFFSET; digits++) {
    const after = step(digits === SHORTEST_OFFSET ? 0 : null);
    // One more is as good as six.
    for (const digit of "0123456789abcdef") {
      at.next.set(digit.charCodeAt(0), after);
      if (digits === SHORTEST_OFFSET) after.next.set(digit.charCodeAt(0), after);
    }
    at = after;
  }
  return first;
}
