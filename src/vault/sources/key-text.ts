/** A key as text: 32 bytes in base64, base64url or hex, which differ in length; and the error where there is none. */
import type { Context } from "../../platform/context.ts";
import { AuthError } from "../../platform/errors.ts";
import type { Bytes } from "../bytes.ts";

const KEY_BYTES = 32;

/**
 * @param from what gave the text, for messages: `AUTH_KEY`
 * @throws AuthError `key_invalid`
 */
export function parseKey(text: string, from: string): Bytes {
  const key = decode(text.trim());
  if (key === null || key.length !== KEY_BYTES)
    throw new AuthError("key_invalid", `${from} is not a key: it must be 32 bytes in base64, base64url or hex.`, {
      hint: "Make one: openssl rand -base64 32",
    });
  if (key.every((byte) => byte === key[0]))
    throw new AuthError("key_invalid", `${from} is one byte repeated 32 times, which is no key.`, {
      hint: "Make one: openssl rand -base64 32",
    });
  return key;
}

function decode(text: string): Bytes | null {
  if (/^[0-9a-f]{64}$/i.test(text)) return Uint8Array.fromHex(text);
  // The padding may be left out.
  if (/^[\w-]{43}=?$/.test(text)) return Uint8Array.fromBase64(text, { alphabet: "base64url" });
  return /^[A-Za-z0-9+/]{43}=?$/.test(text) ? Uint8Array.fromBase64(text) : null;
}

/** The key that would open the vault isn't to be had. The vault is as it was. */
export function locked(message: string, hint: string, cause?: unknown): AuthError {
  return new AuthError("vault_locked", message, { hint, cause });
}

/** What to do where the key is gone for good: lines for a hint, after what brings it back. */
export async function ifKeyIsLost(context: Context): Promise<string> {
  const [{ commandLine }, { vaultPath }] = await Promise.all([
    import("../../platform/shell-word.ts"),
    import("../vault.ts"),
  ]);
  const vault = vaultPath(context);
  return [
    "If the key is gone for good, the logins in this vault are lost; their tokens live on at the providers until they end or are revoked there.",
    `Then move the vault away: ${commandLine(["mv", vault, `${vault}.lost`])}`,
    "And log in again: auth login <provider>",
  ].join("\n");
}
