/** What every issuer has to remember: codes, device codes, who asked for them, and proofs of possession. */
import type { Clock } from "./server.ts";

/** A code on its way through the browser (RFC 6749 §4.1.2). */
export interface Code {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scope: string;
  readonly challenge: string | null;
  /** RFC 7636 §4.3: plain where the request named none. */
  readonly method: string;
  readonly nonce: string | null;
}

/** RFC 8628 §3.2. */
export interface DeviceCode {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly clientId: string;
  readonly scope: string;
  readonly expiresAt: number;
  state: "pending" | "approved" | "denied";
  /** Seconds. */
  interval: number;
  polledAt: number | null;
  /** So many polls are still answered with slow_down, however slow they are. */
  slowDowns: number;
}

export class Codes {
  readonly #codes = new Map<string, Code>();

  /** The code for an authorization request, as RFC 6749 §4.1.1 and RFC 7636 §4.3 name its parameters. */
  addFor(query: URLSearchParams, name = random("hex", 40)): string {
    this.#codes.set(name, {
      clientId: query.get("client_id") ?? "",
      redirectUri: query.get("redirect_uri") ?? "",
      scope: query.get("scope") ?? "",
      challenge: query.get("code_challenge"),
      method: query.get("code_challenge_method") ?? "plain",
      nonce: query.get("nonce"),
    });
    return name;
  }

  /** Each code works once. */
  take(name: string | null): Code | null {
    const code = this.#codes.get(name ?? "") ?? null;
    this.#codes.delete(name ?? "");
    return code;
  }
}

export class Devices {
  readonly #clock: Clock;
  readonly #devices: DeviceCode[] = [];
  /** What a person does as soon as there is a code; a test may rather do it by hand. */
  decision: DeviceCode["state"] = "pending";

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(
    of: Pick<DeviceCode, "deviceCode" | "userCode" | "clientId" | "scope" | "interval">,
    lifetime: number,
  ): DeviceCode {
    const expiresAt = this.#clock.now() + lifetime * 1000;
    const device: DeviceCode = { ...of, expiresAt, state: this.decision, polledAt: null, slowDowns: 0 };
    this.#devices.push(device);
    return device;
  }

  find(deviceCode: string | null): DeviceCode | null {
    return this.#devices.find((device) => device.deviceCode === deviceCode) ?? null;
  }

  expired(device: DeviceCode): boolean {
    return this.#clock.now() >= device.expiresAt;
  }

  /** Whether this poll came sooner than it may, or is to be told so. */
  tooFast(device: DeviceCode): boolean {
    const now = this.#clock.now();
    const early = device.polledAt !== null && now - device.polledAt < device.interval * 1000 - 50;
    device.polledAt = now;
    if (device.slowDowns > 0) device.slowDowns--;
    else if (!early) return false;
    return true;
  }

  drop(device: DeviceCode): void {
    this.#devices.splice(this.#devices.indexOf(device), 1);
  }

  /** By user code, or the newest. */
  decide(action: string, userCode?: string): void {
    const device = this.#devices.findLast((one) => userCode === undefined || one.userCode === userCode);
    if (device === undefined) throw new Error(`there is no device code ${userCode ?? ""}`);
    if (action === "approve") device.state = "approved";
    else if (action === "deny") device.state = "denied";
    else if (action === "expire") Object.assign(device, { expiresAt: this.#clock.now() });
    else if (action === "slow_down") device.slowDowns++;
    else throw new Error(`'${action}' is none of approve, deny, expire, slow_down`);
  }
}

/** RFC 7636 §4.6. A code without a challenge needs no verifier. */
export function verifierFits(code: Code, verifier: string | null): boolean {
  if (code.challenge === null) return verifier === null || verifier === "";
  if (verifier === null || !/^[A-Za-z0-9._~-]{43,128}$/.test(verifier)) return false;
  if (code.method === "plain") return verifier === code.challenge;
  return new Bun.CryptoHasher("sha256").update(verifier).digest("base64url") === code.challenge;
}

const ALPHABETS = {
  hex: "0123456789abcdef",
  base62: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
  base36: "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  /** No vowels, so that no code is a word. */
  consonants: "BCDFGHJKLMNPQRSTVWXZ",
};

export function random(alphabet: keyof typeof ALPHABETS, length: number): string {
  const letters = ALPHABETS[alphabet];
  return Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => letters[byte % letters.length]).join("");
}

/** `XXXX-XXXX`. */
export function userCode(alphabet: keyof typeof ALPHABETS): string {
  return `${random(alphabet, 4)}-${random(alphabet, 4)}`;
}

/** A redirect back to this machine, its port aside, must be one that was registered (RFC 8252 §7.3). */
export function sameLoopback(registered: string, asked: string | null): boolean {
  const [a, b] = [URL.parse(registered), URL.parse(asked ?? "")];
  return (
    a !== null && b !== null && a.protocol === b.protocol && a.hostname === b.hostname && a.pathname === b.pathname
  );
}

export function words(text: string | null): string[] {
  return (text ?? "").split(" ").filter((word) => word !== "");
}

const key = crypto.subtle.generateKey(
  { name: "RSASSA-PKCS1-v1_5", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" },
  true,
  ["sign", "verify"],
);

/** A JWT signed with RS256 by the key of `keySet()`. */
export async function signed(claims: Readonly<Record<string, unknown>>): Promise<string> {
  const part = (value: unknown) =>
    new TextEncoder().encode(JSON.stringify(value)).toBase64({ alphabet: "base64url", omitPadding: true });
  const text = `${part({ alg: "RS256", typ: "JWT", kid: "test" })}.${part(claims)}`;
  const signature = await crypto.subtle.sign(
    "RSASSA-PKCS1-v1_5",
    (await key).privateKey,
    new TextEncoder().encode(text),
  );
  return `${text}.${new Uint8Array(signature).toBase64({ alphabet: "base64url", omitPadding: true })}`;
}

export async function keySet(): Promise<unknown> {
  const jwk = await crypto.subtle.exportKey("jwk", (await key).publicKey);
  return { keys: [{ ...jwk, kid: "test", use: "sig", alg: "RS256" }] };
}
