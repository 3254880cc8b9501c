/** Finding known secrets where they must not be, in any form that they take on their way: written without ours. */

/** What it is → its value. */
export type Secrets = ReadonlyMap<string, string>;

const SHORTEST_PIECE = 10;

/** Names of the secrets that stand in `bytes`, each with the form it has there. */
export function leaksIn(bytes: Uint8Array | string, secrets: Secrets): string[] {
  const hay = typeof bytes === "string" ? latin1(bytes) : Buffer.from(bytes).toString("latin1");
  const found: string[] = [];
  for (const [name, value] of secrets)
    for (const [form, needles] of formsOf(value))
      if (needles.some((needle) => hay.includes(needle))) found.push(`${name} (${form})`);
  return found;
}

const cache = new Map<string, (readonly [form: string, needles: string[]])[]>();

/** Each form with the texts to look for, one character for each byte. */
export function formsOf(value: string): (readonly [form: string, needles: string[]])[] {
  const known = cache.get(value);
  if (known !== undefined) return known;
  const bytes = Buffer.from(value);
  const percent = encodeURIComponent(value);
  const everyByte = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
  const form = new URLSearchParams([["", value]]).toString().slice(1);
  const forms: (readonly [string, string[]])[] = [
    ["plain", [value]],
    // What was cut before it was looked through.
    ["its first half", value.length < 40 ? [] : [value.slice(0, value.length / 2)]],
    ["JSON", [JSON.stringify(value).slice(1, -1)]],
    ["JSON in JSON", [JSON.stringify(JSON.stringify(value)).slice(3, -3)]],
    ["JSON, ASCII only", [asciiJson(value)]],
    ["percent", [percent, lower(percent), form, lower(form), everyByte, everyByte.toUpperCase()]],
    ["hex", [bytes.toString("hex"), bytes.toString("hex").toUpperCase(), [...bytes].map(hexPair).join(" ")]],
    ["base64", base64Pieces(bytes)],
    ["bytes as numbers", [[...bytes].join(","), [...bytes].join(", ")]],
  ];
  const asBytes = forms.map(([name, needles]) => [name, needles.map(latin1)] as const);
  cache.set(value, asBytes);
  return asBytes;
}

/** Whatever comes before it, one of three alignments shows these characters. */
function base64Pieces(bytes: Buffer): string[] {
  const pieces: string[] = [];
  for (const before of [0, 1, 2])
    for (const alphabet of ["base64", "base64url"] as const) {
      const text = Buffer.concat([Buffer.alloc(before), bytes])
        .toString(alphabet)
        .replace(/=+$/, "");
      const piece = text.slice(before === 0 ? 0 : before + 1, Math.floor(((before + bytes.length) * 8) / 6));
      if (piece.length >= SHORTEST_PIECE) pieces.push(piece);
    }
  return pieces;
}

/** As the search sees them: one character for each byte. */
function latin1(text: string): string {
  return Buffer.from(text).toString("latin1");
}

function lower(text: string): string {
  return text.replace(/%[0-9A-F]{2}/g, (digits) => digits.toLowerCase());
}

function hexPair(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

function asciiJson(value: string): string {
  const text = JSON.stringify(value).slice(1, -1);
  return text.replace(/[^\x20-\x7e]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
