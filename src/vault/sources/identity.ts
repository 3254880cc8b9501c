/**
 * This home's own key as a member of vaults: an identity of age (`AGE-SECRET-KEY-1…`), from AUTH_IDENTITY, else from a file
 * of the home, as `age-keygen` makes one. It is one for all vaults, and outlives their rekeys.
 */
import { hostname } from "node:os";
import { basename, dirname } from "node:path";
import type { Context } from "../../platform/context.ts";
import { AuthError, errorCode, RAISE_FILE_LIMIT } from "../../platform/errors.ts";
import { Secret } from "../../platform/secret.ts";
import { type OwnedText, readOwned } from "../../platform/small-file.ts";
import { utf8 } from "../bytes.ts";
import type { Member } from "../members.ts";
import { requireOwn } from "./file.ts";
import { IDENTITY_VARIABLE, locked } from "./source.ts";

const IDENTITY = /^AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}$/;

/** null where there is none. @throws AuthError `vault_locked`, `key_invalid` */
export async function ownIdentity(context: Context): Promise<Secret | null> {
  const given = context.env[IDENTITY_VARIABLE];
  if (given) {
    const identity = identityIn(given);
    if (identity !== null) return identity;
    throw new AuthError("key_invalid", `${IDENTITY_VARIABLE} is not an identity of age.`, { hint: FORM });
  }
  const { identity: path } = context.paths;
  const file = readIdentityFile(path);
  if (file === null || file.text.trim() === "") return null;
  requireOwn(
    path,
    file,
    "identity file",
    "Else remove it, make another, and have that one added: auth vault member key",
  );
  const identity = identityIn(file.text);
  if (identity !== null) return identity;
  throw new AuthError("key_invalid", `${path} holds no identity of age.`, {
    hint: `${FORM}\nPut the file back from a backup; or remove it, make another, and have that one added: auth vault member key`,
  });
}

const FORM = "One is a line that begins with AGE-SECRET-KEY-1, as 'age-keygen' makes it.";

/** @throws AuthError `key_invalid` */
export async function publicKeyOf(identity: Secret): Promise<string> {
  const { identityToRecipient } = await import("age-encryption");
  try {
    return await identityToRecipient(identity.reveal());
  } catch {
    throw wrongChecksum();
  }
}

export function wrongChecksum(): AuthError {
  const message = "The identity of this machine has a mistake in it: its checksum is wrong.";
  return new AuthError("key_invalid", message, { hint: FORM });
}

/**
 * This home's public key. Its identity is made where there is none, and on the disk when this returns.
 *
 * @throws AuthError `vault_locked`, `key_invalid`, `vault_unwritable`
 */
export async function ownPublicKey(context: Context): Promise<{ readonly publicKey: string; readonly made: boolean }> {
  const there = await ownIdentity(context);
  if (there !== null) return { publicKey: await publicKeyOf(there), made: false };
  const { generateX25519Identity } = await import("age-encryption");
  const identity = new Secret(await generateX25519Identity());
  await keepIdentity(context, `# public key: ${await publicKeyOf(identity)}\n${identity.reveal()}\n`);
  // Read as it will be read. Another process may have made one at the same moment.
  const own = await ownIdentity(context);
  if (own === null) throw locked(`${context.paths.identity} doesn't keep what is written to it.`, "Look at the disk.");
  return { publicKey: await publicKeyOf(own), made: own.equals(identity) };
}

/** Not where another process has just kept one: a secret that is used for nothing would stay in the file. */
async function keepIdentity(context: Context, text: string): Promise<void> {
  const { identity: path } = context.paths;
  const { createWhole } = await import("../replace-file.ts");
  if (createWhole(dirname(path), basename(path), utf8(text)) || (await ownIdentity(context)) !== null) return;
  // There is a file, with no key in it.
  const { appendPrivate } = await import("../files.ts");
  appendPrivate(path, text);
}

/** @param name by default the user's and the machine's */
export async function ownMember(context: Context, name: string = ownName(context)): Promise<Member> {
  return { name, publicKey: (await ownPublicKey(context)).publicKey };
}

/** `me@laptop`, with what no name may have left out. */
function ownName({ env }: Context): string {
  const plain = (text = ""): string => text.replace(/[^A-Za-z0-9._-]/g, "").replace(/^[._-]+/, "");
  const words = [plain(env.USER || env.USERNAME), plain(hostname().split(".")[0])];
  const name = words.filter(Boolean).map((word) => word.slice(0, 31));
  return name.join("@") || "first";
}

/** The first one: comments and empty lines are passed over. */
function identityIn(text: string): Secret | null {
  const lines = text.split("\n").map((line) => line.trim());
  const line = lines.find((one) => one !== "" && !one.startsWith("#")) ?? "";
  return IDENTITY.test(line) ? new Secret(line) : null;
}

function readIdentityFile(path: string): OwnedText | null {
  try {
    return readOwned(path);
  } catch (error) {
    switch (errorCode(error)) {
      case "ENOENT":
      case "ENOTDIR":
        return null;
      case "EMFILE":
      case "ENFILE":
        throw locked(`The identity file ${path} can't be read: too many open files.`, RAISE_FILE_LIMIT);
      case "EISDIR":
      case "ENXIO":
        throw locked(
          `${path} is not a file, so there is no identity of this machine in it.`,
          "Move it away, and put the identity file back.",
        );
      case "EACCES":
      case "EPERM":
      case "ELOOP":
        throw locked(
          `The identity file ${path} can't be read: ${errorCode(error)}.`,
          "It must be a file of this user's, with mode 600.",
        );
      default:
        throw error;
    }
  }
}
