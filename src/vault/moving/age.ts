/**
 * The envelope of a backup: the age format (age-encryption.org/v1), so that the `age` program opens it too. It is
 * authenticated up to its end: one that was changed or cut doesn't open.
 */
import { AuthError, usage } from "../../platform/errors.ts";
import type { Secret } from "../../platform/secret.ts";
import type { Bytes } from "../bytes.ts";
import { damagedBackup, notBackup } from "./failures.ts";

const FIRST_LINE = "age-encryption.org/v1\n";
/** By a passphrase, which is then the only way in (age-encryption.org/v1, "scrypt recipient stanza"). */
const SCRYPT = "-> scrypt ";

export type Sealing = { readonly passphrase: Secret } | { readonly recipients: readonly string[] };
export type Unsealing = { readonly passphrase: Secret } | { readonly identities: Secret };

/** @throws AuthError `usage` for what is no recipient, `key_invalid` for an empty passphrase */
export async function encrypt(content: Uint8Array, sealing: Sealing): Promise<Uint8Array> {
  const { Encrypter } = await import("age-encryption");
  const encrypter = new Encrypter();
  if ("passphrase" in sealing) encrypter.setPassphrase(textOf(sealing.passphrase));
  else for (const recipient of sealing.recipients) addRecipient(encrypter, recipient);
  return encrypter.encrypt(content);
}

function addRecipient(encrypter: { addRecipient(text: string): void }, recipient: string): void {
  // Said as it is: an identity, which is secret, may have been given in its place.
  const isIdentity = /^AGE-SECRET-KEY-/i.test(recipient);
  if (isIdentity) throw usage("--recipient was given an identity, which is secret.", "Give its public key: age1…");
  try {
    encrypter.addRecipient(recipient);
  } catch {
    throw usage(
      `This is no recipient of age: ${recipient.slice(0, 80)}`,
      "One looks like age1…; 'age-keygen -y' prints it.",
    );
  }
}

/** @throws AuthError `key_invalid` */
function textOf(passphrase: Secret): string {
  const text = passphrase.reveal();
  if (text !== "") return text;
  throw new AuthError("key_invalid", "The passphrase is empty.", { hint: "Give a long one. Nothing was changed." });
}

/**
 * What opens the file.
 *
 * @param path for messages
 * @throws AuthError `usage` where it is no file of age
 */
export function openedBy(file: Uint8Array, path: string): "passphrase" | "identity" {
  const start = new TextDecoder("latin1").decode(file.subarray(0, FIRST_LINE.length + SCRYPT.length));
  if (!start.startsWith(FIRST_LINE)) throw notBackup(path);
  return start.endsWith(SCRYPT) ? "passphrase" : "identity";
}

/** @throws AuthError `vault_locked` for the wrong passphrase or identity, `vault_corrupt`, `usage` */
export async function decrypt(file: Uint8Array, path: string, unsealing: Unsealing): Promise<Bytes> {
  const { Decrypter } = await import("age-encryption");
  const decrypter = new Decrypter();
  if ("passphrase" in unsealing) decrypter.addPassphrase(textOf(unsealing.passphrase));
  else for (const identity of identitiesIn(unsealing.identities)) addIdentity(decrypter, identity);
  try {
    return new Uint8Array(await decrypter.decrypt(file));
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("no identity matched")) throw wrongKey(unsealing, path);
    throw damagedBackup(path, "it was cut short or damaged", error);
  }
}

/** A file as `age-keygen` makes it: one on a line, and comments. */
function identitiesIn(file: Secret): string[] {
  const lines = file
    .reveal()
    .split("\n")
    .map((line) => line.trim());
  return lines.filter((line) => line !== "" && !line.startsWith("#"));
}

function addIdentity(decrypter: { addIdentity(text: string): void }, identity: string): void {
  try {
    decrypter.addIdentity(identity);
  } catch {
    throw usage("The file of --identity holds something else than identities of age.", "'age-keygen' makes one.");
  }
}

function wrongKey(unsealing: Unsealing, path: string): AuthError {
  const what = "passphrase" in unsealing ? "This passphrase doesn't open" : "None of these identities opens";
  return new AuthError("vault_locked", `${what} the backup ${path}.`, {
    hint: "Nothing was changed. If it is the right one, the beginning of the file was damaged: use another copy.",
  });
}
