/** The parameters of scrypt (RFC 7914), as they stand in the header: bounded both ways before any of them is used. */
import { AuthError } from "../../platform/errors.ts";
import { type Bytes, concat, random } from "../bytes.ts";

export interface Kdf {
  /** Power of two of the cost N. */
  readonly logN: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Bytes;
}

const SALT_BYTES = 16;
/** Three numbers and the salt. */
export const KDF_BYTES = 3 + SALT_BYTES;
/** Weaker than the lower bound isn't worth the name; above the upper one a planted header would eat memory (1 GiB). */
const BOUNDS = { logN: [14, 20], r: [8, 8], p: [1, 4] } as const;

/** N = 2^16, r = 8, p = 2: 64 MiB, about a quarter of a second (OWASP Password Storage Cheat Sheet, scrypt). */
export function newKdf(): Kdf {
  return { logN: 16, r: 8, p: 2, salt: random(SALT_BYTES) };
}

export function kdfBytes({ logN, r, p, salt }: Kdf): Bytes {
  return concat(Uint8Array.of(logN, r, p), salt);
}

/** @throws AuthError `vault_corrupt` */
export function parseKdf(bytes: Bytes): Kdf {
  const [logN = 0, r = 0, p = 0] = bytes;
  const kdf = { logN, r, p, salt: bytes.slice(3) };
  const within = (["logN", "r", "p"] as const).every(
    (name) => kdf[name] >= BOUNDS[name][0] && kdf[name] <= BOUNDS[name][1],
  );
  if (within && kdf.salt.length === SALT_BYTES) return kdf;
  throw new AuthError("vault_corrupt", "The vault's header asks for a key derivation that auth never makes.", {
    hint: "It was damaged or edited. Put the vault file back from a backup.",
  });
}
