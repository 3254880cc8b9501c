/** The key is derived by scrypt from a passphrase: AUTH_PASSPHRASE, or one that is typed at the terminal. */
import type { Environment } from "../../platform/context.ts";
import { AuthError } from "../../platform/errors.ts";
import { cutLineEnd } from "../../platform/secret.ts";
import type { Bytes } from "../bytes.ts";
import { type Kdf, newKdf } from "../header.ts";
import { type KeyRequest, type KeySource, locked, NOT_HANDED_ON } from "./source.ts";

export const passphraseSource: KeySource = {
  async open({ context, kdf, prompt }) {
    if (kdf === null)
      throw locked("AUTH_PASSPHRASE is set, but this vault was not made with a passphrase.", "Unset AUTH_PASSPHRASE.");
    const passphrase = given(context.env) ?? (await prompt?.("Passphrase of the vault: "))?.reveal();
    if (passphrase === undefined) throw nobodyToAsk();
    return derive(passphrase, kdf);
  },
  async create(request) {
    const kdf = newKdf();
    const passphrase = await choose(request);
    const before = request.kdf === null ? {} : { before: await derive(passphrase, request.kdf) };
    return { key: await derive(passphrase, kdf), kdf, ...before };
  },
  async forget() {},
};

/** @param byAgent whether an agent that is unlocked would do */
export function nobodyToAsk(byAgent = false): AuthError {
  const set = `et AUTH_PASSPHRASE (${NOT_HANDED_ON})`;
  return locked(
    "The vault's key comes from a passphrase, and nobody can be asked for it here.",
    byAgent
      ? `Open the vault for this in a terminal: auth agent start\nOr s${set}.`
      : `Run this in a terminal, or s${set}.`,
  );
}

/** The value of AUTH_PASSPHRASE; null where it is unset or empty. */
function given({ AUTH_PASSPHRASE }: Environment): string | null {
  return AUTH_PASSPHRASE ? cutLineEnd(AUTH_PASSPHRASE) : null;
}

async function choose({ context, prompt, rekeys }: KeyRequest): Promise<string> {
  const passphrase = given(context.env);
  if (passphrase !== null) return passphrase;
  const noTerminal = locked(
    "There is no terminal to ask for a new passphrase.",
    `Set ${rekeys ? "AUTH_NEW_PASSPHRASE" : "AUTH_PASSPHRASE"}, or run this in a terminal.`,
  );
  if (prompt === undefined) throw noTerminal;
  const asked = prompt("New passphrase for the vault: ").catch((error: unknown) => {
    throw error instanceof AuthError && error.code === "vault_locked" ? noTerminal : error;
  });
  const first = (await asked).reveal();
  const second = (await prompt("The same again: ")).reveal();
  if (first === second) return first;
  throw new AuthError("key_invalid", "The two passphrases are not the same.", {
    hint: "Nothing was changed. Try again.",
  });
}

async function derive(passphrase: string, { logN, r, p, salt }: Kdf): Promise<Bytes> {
  if (passphrase === "")
    throw new AuthError("key_invalid", "The passphrase is empty.", {
      hint: "Set AUTH_PASSPHRASE to a long passphrase.",
    });
  const { scrypt } = await import("node:crypto");
  const N = 2 ** logN;
  return new Promise((resolve, reject) => {
    // Typed on one keyboard and another, the same letters may be composed differently.
    scrypt(passphrase.normalize("NFC"), salt, 32, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
      error ? reject(error) : resolve(new Uint8Array(key)),
    );
  });
}
