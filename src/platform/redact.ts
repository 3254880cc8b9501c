/**
 * Redaction by value: whatever is about to be logged is searched for every secret this process knows, as it is and
 * in the encodings a secret takes on its way through URLs, headers and dumps. The last net, not the first: callers
 * don't log secrets.
 */
import { feature } from "bun:bundle";
import { mutated } from "./faults.ts";
import { knownSecrets } from "./secret.ts";

const MASK = "[redacted]";

/** Shorter values can't be told from ordinary text; nothing we store is that short. */
const SHORTEST = 4;
/** A piece of Base64 shorter than this occurs in ordinary words. */
const SHORTEST_PIECE = 8;

/** The text with every known secret masked. */
export function redact(text: string): string {
  if (feature("AUTH_TEST") ? mutated("redaction-off") : false) return text;
  let masked = text;
  for (const secret of knownSecrets()) {
    if (secret.length < SHORTEST) continue;
    const forms = found.get(secret) ?? formsOf(secret);
    found.set(secret, forms);
    for (const form of forms) masked = masked.replaceAll(form, MASK);
  }
  return masked;
}

/** Secret → its forms: there are several lines, and few secrets. */
const found = new Map<string, readonly string[]>();

/** Longest first, so that no form leaves the ends of another one standing. */
function formsOf(secret: string): string[] {
  const bytes = new TextEncoder().encode(secret);
  const hex = bytes.toHex();
  const percent = encodeURIComponent(secret);
  const form = new URLSearchParams({ "": secret }).toString().slice(1);
  const forms = new Set([
    secret,
    JSON.stringify(secret).slice(1, -1),
    percent,
    lowerEscapes(percent),
    form,
    lowerEscapes(form),
    hex,
    hex.toUpperCase(),
    ...base64Pieces(bytes),
  ]);
  return [...forms].sort((a, b) => b.length - a.length);
}

function lowerEscapes(text: string): string {
  return text.replace(/%[0-9A-F]{2}/g, (digits) => digits.toLowerCase());
}

/**
 * Base64 of a text that has the secret somewhere inside (`id:secret` in a Basic header) shows it in one of three
 * alignments. For each: the characters that depend on nothing but the secret, in both alphabets.
 */
function base64Pieces(bytes: Uint8Array): string[] {
  const pieces: string[] = [];
  for (const shift of [0, 1, 2]) {
    const padded = new Uint8Array(shift + bytes.length);
    padded.set(bytes, shift);
    const first = Math.ceil((shift * 8) / 6);
    const last = Math.floor((padded.length * 8) / 6);
    for (const alphabet of ["base64", "base64url"] as const) {
      const piece = padded.toBase64({ alphabet, omitPadding: true }).slice(first, last);
      if (piece.length >= SHORTEST_PIECE) pieces.push(piece);
    }
  }
  return pieces;
}
