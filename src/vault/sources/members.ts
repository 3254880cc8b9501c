/**
 * The key is a random one, made anew with each rekey, and encrypted for the public key of each member in a file of age that
 * the header has in it. A member opens it with an identity of their own (`identity.ts`).
 */
import { AuthError } from "../../platform/errors.ts";
import { commandLine, placeholder } from "../../platform/shell-word.ts";
import { type Bytes, random } from "../bytes.ts";
import { damagedHeader } from "../header.ts";
import { type Member, mistypedPublicKey, notPublicKey } from "../members.ts";
import { fromBech32 } from "./bech32.ts";
import { openEnvelope } from "./envelope.ts";
import { ownIdentity, ownMember, publicKeyOf, wrongChecksum } from "./identity.ts";
import { type KeySource, locked } from "./source.ts";

const KEY_BYTES = 32;

export const membersSource: KeySource = {
  async open({ context, envelope }) {
    if (envelope === undefined) throw damagedHeader();
    const own = await ownIdentity(context);
    if (own === null)
      throw locked(
        "The vault's key is for its members, and this machine has no key of a member.",
        "Make one: auth vault member key\nThen let a member run what that prints. Or set AUTH_IDENTITY.",
      );
    const secret = fromBech32("AGE-SECRET-KEY-", own.reveal());
    if (secret === null) throw wrongChecksum();
    const key = await openEnvelope(envelope, secret);
    if (key === "another's") {
      const words = ["auth", "vault", "member", "add", placeholder("name"), await publicKeyOf(own)];
      throw locked(
        "This machine is not a member of the vault: its key opens nothing here.",
        `A member can let it in: ${commandLine(words)}`,
      );
    }
    if (key === "damaged" || key.length !== KEY_BYTES) throw damagedHeader();
    return key;
  },
  async create({ context, members }) {
    const all = members ?? [await ownMember(context)];
    const key = random(KEY_BYTES);
    return { key, kdf: null, team: { envelope: await encryptFor(all, key), members: all } };
  },
  async forget() {},
};

/** @throws AuthError `usage` naming whose public key is none */
async function encryptFor(members: readonly Member[], key: Bytes): Promise<Bytes> {
  const { Encrypter } = await import("age-encryption");
  const encrypter = new Encrypter();
  for (const { publicKey } of members)
    try {
      encrypter.addRecipient(publicKey);
    } catch {
      throw fromBech32("age", publicKey) === null ? mistypedPublicKey() : notPublicKey(publicKey);
    }
  try {
    return new Uint8Array(await encrypter.encrypt(key));
  } catch (error) {
    if (error instanceof AuthError) throw error;
    // A point of low order, with which no secret can be agreed on (RFC 7748 §6.1).
    throw notPublicKey("");
  }
}
