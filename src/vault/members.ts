/**
 * Who opens a vault with a key of their own: names, and public keys of age (age-encryption.org/v1, "The X25519 recipient
 * type"). In the header, the wrapping key lies encrypted for each of them in a file of age; their names and public keys are
 * sealed like a record.
 */
import { type AuthError, usage } from "../platform/errors.ts";
import { type Bytes, decodeUtf8, pack, unpack } from "./bytes.ts";
import { MAX_MEMBERS } from "./header.ts";

export interface Member {
  readonly name: string;
  /** `age1…`, in small letters. */
  readonly publicKey: string;
}

/** Of a vault that is to be written: its wrapping key for each member, and who they are. */
export interface Team {
  readonly envelope: Bytes;
  readonly members: readonly Member[];
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/;
const PUBLIC_KEY = /^age1[02-9ac-hj-np-z]{58}$/;

/** @throws AuthError `usage` */
export function checkMemberName(name: string): string {
  if (NAME.test(name)) return name;
  throw usage(
    "This can't be a member's name.",
    "A name has up to 64 letters, digits and . _ @ + - in it, and begins with a letter or digit.",
  );
}

/** Its form; whether it is a point of the curve is found out when something is encrypted for it. @throws AuthError `usage` */
export function checkPublicKey(text: string): string {
  const key = text.toLowerCase();
  if (PUBLIC_KEY.test(key)) return key;
  throw notPublicKey(text);
}

export function notPublicKey(text: string): AuthError {
  // Not shown: it is secret, and known now to whoever sees this command line.
  if (/^AGE-SECRET-KEY-/i.test(text))
    return usage(
      "An identity was given, which is secret, in place of its public key.",
      "Give the public key: age1…\nOther processes could see the identity: make another one.",
    );
  return usage(
    "This is no public key of a member.",
    "One looks like age1…, with 58 letters and digits after it: auth vault member key",
  );
}

export function mistypedPublicKey(): AuthError {
  return usage(
    "The public key has a mistake in it: its checksum is wrong.",
    "Copy it again, as it is printed there by: auth vault member key",
  );
}

/** @returns the list with one more. @throws AuthError `usage` */
export function withMember(members: readonly Member[], added: Member): Member[] {
  const sameKey = members.find(({ publicKey }) => publicKey === added.publicKey);
  if (sameKey !== undefined) throw usage(`This public key is a member's already: ${sameKey.name}`, LIST);
  if (members.some(({ name }) => isName(name, added.name)))
    throw usage(`There is a member of that name already: ${added.name}`, `Choose another name. ${LIST}`);
  if (members.length >= MAX_MEMBERS) throw usage(`A vault has ${MAX_MEMBERS} members at most.`, LIST);
  return [...members, added];
}

/** @throws AuthError `usage` where there is none of that name */
export function memberNamed(members: readonly Member[], wanted: string): Member {
  const found = members.find(({ name }) => isName(name, wanted));
  if (found !== undefined) return found;
  throw usage("The vault has no member of that name.", LIST);
}

const LIST = "To see who they are: auth vault member list";

function isName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

export function packMembers(members: readonly Member[]): Bytes {
  return pack(...members.flatMap(({ name, publicKey }) => [name, publicKey]));
}

/** null where the bytes are no such list. */
export function unpackMembers(bytes: Bytes): Member[] | null {
  const fields = unpack(bytes)?.map(decodeUtf8) ?? [];
  const members: Member[] = [];
  for (let at = 0; at < fields.length; at += 2)
    members.push({ name: fields[at] ?? "", publicKey: fields[at + 1] ?? "" });
  const isGood = members.every(({ name, publicKey }) => NAME.test(name) && PUBLIC_KEY.test(publicKey));
  return isGood && members.length > 0 && members.length <= MAX_MEMBERS ? members : null;
}
