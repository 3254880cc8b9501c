/** Who signs a release: an ECDSA P-256 key, which a bare `openssl` can check, and one of minisign's. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type MinisignKey, newMinisignKey, readMinisignKey, secretKeyFile } from "./minisign.ts";

export interface Keys {
  readonly signing: KeyObject;
  readonly minisign: MinisignKey;
  /** Whose signatures count, in PEM: of this key, and of the one that comes after it. */
  readonly publicKeys: readonly [current: string, next: string];
  /** They were made here and are known to nobody: nobody can be told to trust them. */
  readonly throwAway: boolean;
}

export interface KeyVariables {
  readonly AUTH_RELEASE_KEY?: string | undefined;
  readonly AUTH_RELEASE_MINISIGN_KEY?: string | undefined;
  readonly AUTH_RELEASE_NEXT_KEY?: string | undefined;
}

/**
 * The keys that the environment names, else ones made in `folder`.
 * @throws Error when only some are named: programs that know no next key could never be told of another
 */
export function releaseKeys(env: KeyVariables, folder: string): Keys {
  const { AUTH_RELEASE_KEY: signing, AUTH_RELEASE_MINISIGN_KEY: minisign, AUTH_RELEASE_NEXT_KEY: next } = env;
  if (signing === undefined && minisign === undefined && next === undefined) return throwAwayKeys(folder);
  if (signing === undefined || minisign === undefined || next === undefined) {
    const names = "AUTH_RELEASE_KEY, AUTH_RELEASE_NEXT_KEY and AUTH_RELEASE_MINISIGN_KEY";
    throw new Error(`${names} name a file each: set all of them, or none`);
  }
  return keysOf(signing, minisign, next, false);
}

function throwAwayKeys(folder: string): Keys {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const [signing, next, minisign] = ["release.pem", "next.pem", "minisign.key"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [signing, next]) {
    if (existsSync(path)) continue;
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    writeFileSync(path, privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
  }
  if (!existsSync(minisign)) writeFileSync(minisign, secretKeyFile(newMinisignKey()), { mode: 0o600 });
  return keysOf(signing, minisign, next, true);
}

function keysOf(signing: string, minisign: string, next: string, throwAway: boolean): Keys {
  const key = createPrivateKey(readFileSync(signing));
  const publicKeys = [
    publicPem(requireP256(key, signing)),
    publicPem(requireP256(createPublicKey(readFileSync(next)), next)),
  ] as const;
  if (publicKeys[0] === publicKeys[1]) throw new Error(`${next} and ${signing} are one key: make another for later`);
  return { signing: key, minisign: readMinisignKey(readFileSync(minisign, "utf8")), publicKeys, throwAway };
}

function requireP256(key: KeyObject, path: string): KeyObject {
  if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1") throw new Error(`${path} holds no ECDSA P-256 key`);
  return key;
}

/** @param key a private one, or a public one */
function publicPem(key: KeyObject): string {
  const half = key.type === "private" ? createPublicKey(key) : key;
  return half.export({ format: "pem", type: "spki" }).toString();
}

/** As a program takes it in: SPKI in base64. */
export function derOf(pem: string): string {
  return createPublicKey(pem).export({ format: "der", type: "spki" }).toString("base64");
}
