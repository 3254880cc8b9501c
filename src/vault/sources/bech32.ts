/** Bech32 (BIP 173), in which age writes keys: letters and digits with a checksum. */
import type { Bytes } from "../bytes.ts";

const LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"; // cspell:disable-line
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const CHECKSUM = 6;

/** What a text with this prefix holds; null where it is no such text, or its checksum is wrong. In capitals or small letters. */
export function fromBech32(prefix: string, text: string): Bytes | null {
  const small = text.toLowerCase();
  if (small !== text && text.toUpperCase() !== text) return null;
  const start = `${prefix.toLowerCase()}1`;
  if (!small.startsWith(start)) return null;
  const digits = [...small.slice(start.length)].map((letter) => LETTERS.indexOf(letter));
  if (digits.includes(-1) || digits.length < CHECKSUM) return null;
  const codes = [...start.slice(0, -1)].map((letter) => letter.charCodeAt(0));
  const all = [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31), ...digits];
  return remainder(all) === 1 ? bytesOf(digits.slice(0, -CHECKSUM)) : null;
}

function remainder(digits: readonly number[]): number {
  let value = 1;
  for (const digit of digits) {
    const top = value >> 25;
    value = ((value & 0x1ffffff) << 5) ^ digit;
    for (const [i, term] of GENERATOR.entries()) if ((top >> i) & 1) value ^= term;
  }
  return value;
}

/** Five bits a digit; what is left over is less than a digit, and zero. */
function bytesOf(digits: readonly number[]): Bytes | null {
  const bytes: number[] = [];
  let held = 0;
  let bits = 0;
  for (const digit of digits) {
    held = (held << 5) | digit;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push(held >> bits);
    held &= (1 << bits) - 1;
  }
  return bits < 5 && held === 0 ? Uint8Array.from(bytes) : null;
}
