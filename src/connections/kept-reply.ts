/** A refresh's reply as it is kept: a line of JSON that tells what it answers, and then the reply. */
import { decodeRaw, encodeRaw } from "../oauth/body.ts";
import type { RawReply } from "../oauth/types.ts";
import { parseJson } from "../platform/json.ts";
import type { Vault } from "../vault/types.ts";
import type { Connection, Note } from "./record.ts";

export interface KeptReply {
  /** The note of the refresh that it answers. */
  readonly note: Note;
  /** `tokensFingerprint` of the record as it was sent for. */
  readonly sentFor: string | null;
  readonly raw: RawReply;
}

export function encodeKept({ note, sentFor, raw }: KeptReply): Uint8Array {
  return Buffer.concat([new TextEncoder().encode(`${JSON.stringify({ note, sentFor })}\n`), encodeRaw(raw)]);
}

/** @returns null for a reply alone, as an older version kept it @throws AuthError `vault_corrupt` where the reply can't be understood */
export function decodeKept(bytes: Uint8Array): KeptReply | null {
  const end = bytes.indexOf(10);
  const head = parseJson(new TextDecoder().decode(bytes.subarray(0, Math.max(0, end)))) as
    | Partial<KeptReply>
    | undefined;
  return head?.note === undefined
    ? null
    : { note: head.note, sentFor: head.sentFor ?? null, raw: decodeRaw(bytes.subarray(end + 1)) };
}

/** Tells whether other tokens came since a refresh was sent. null where there is nothing to refresh with. */
export async function tokensFingerprint(
  vault: Pick<Vault, "fingerprint">,
  { tokens }: Connection,
): Promise<string | null> {
  if (!tokens?.refreshToken) return null;
  return vault.fingerprint(`sent for\0${tokens.refreshToken.reveal()}\0${tokens.accessToken.reveal()}`);
}
