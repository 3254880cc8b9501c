/**
 * A fingerprint of a vault under one of its data keys: what a home knows the vault by, and what two people compare before
 * one of them uses what the other has made. It tells nothing of the key.
 *
 * Each header has the former data keys in it, sealed. So a header that shows a key with a known fingerprint was made by
 * someone who had that key: who never was in the vault, and who was taken out of it before that key was made, can't.
 */
import { usage } from "../platform/errors.ts";
import { hmac, pack } from "./bytes.ts";
import { type Header, type Keys, retiredKeys } from "./header.ts";
import type { DataKey } from "./seal.ts";

const BYTES = 16;

/** `3f2a-91bc-…`: eight times four hex digits. */
export function fingerprintOf({ raw, vaultId }: DataKey): string {
  const hex = hmac(raw, pack("fingerprint of a vault", vaultId)).subarray(0, BYTES).toHex();
  return grouped(hex);
}

/** Whether it is the fingerprint of the vault under its key or a former one. */
export async function hasFingerprint(header: Header, keys: Keys, fingerprint: string): Promise<boolean> {
  if (fingerprintOf(keys.data) === fingerprint) return true;
  return (await retiredKeys(header, keys)).some((key) => fingerprintOf(key) === fingerprint);
}

/** @param what how a message names the text @throws AuthError `usage` */
export function parseFingerprint(text: string, what = "This"): string {
  const hex = text.replace(/[\s:-]/g, "").toLowerCase();
  if (/^[0-9a-f]{32}$/.test(hex)) return grouped(hex);
  throw usage(
    `${what} is no fingerprint of a vault.`,
    "One has 32 hex digits; a member sees it by: auth vault member list",
  );
}

function grouped(hex: string): string {
  return hex.match(/.{4}/g)?.join("-") ?? hex;
}
