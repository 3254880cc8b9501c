/**
 * What a program gets instead of a token: it looks like the token, so that it passes checks of its form, and it is only
 * valid at this proxy, while it runs.
 */
import { Secret } from "../platform/secret.ts";

/** The minimum of random characters: 190 bits of letters and digits. */
const SHORTEST = 32;
const DIGITS = "0123456789";
const LOWER = "abcdefghijklmnopqrstuvwxyz";
/** Seconds: no program should see it as expired. */
const LIFETIME = 10 * 365 * 86_400;

/** @param now milliseconds */
export function placeholderFor(token: Secret, now: number): Secret {
  const text = token.reveal();
  return new Secret(jwtLike(text, now) ?? shapedAs(text));
}

/** Keeps its prefix (`github_pat_`, `sk-`), its punctuation, and the kinds of characters. */
function shapedAs(token: string): string {
  const [prefix = ""] = /^(?:[A-Za-z]{1,12}[-_.]){0,3}/.exec(token.slice(0, 24)) ?? [];
  const rest = token.slice(prefix.length);
  const alphabet = alphabetOf(rest);
  const shaped = [...rest].map((char) =>
    /[A-Za-z0-9]/.test(char) ? pick(alphabet) : /[-_.~+/=:]/.test(char) ? char : pick(alphabet),
  );
  const missing = SHORTEST - shaped.filter((char) => /[A-Za-z0-9]/.test(char)).length;
  return prefix + shaped.join("") + Array.from({ length: Math.max(0, missing) }, () => pick(alphabet)).join("");
}

function alphabetOf(text: string): string {
  if (/^[0-9a-f]+$/.test(text)) return "0123456789abcdef";
  const kinds = (/[a-z]/.test(text) ? LOWER : "") + (/[A-Z]/.test(text) ? LOWER.toUpperCase() : "");
  return kinds === "" ? LOWER + DIGITS : kinds + DIGITS;
}

function pick(alphabet: string): string {
  // Below the highest multiple of its length, so that all are equally likely.
  const limit = 256 - (256 % alphabet.length);
  for (;;) {
    const [byte = 255] = crypto.getRandomValues(new Uint8Array(1));
    if (byte < limit) return alphabet[byte % alphabet.length] as string;
  }
}

/** The claims that are kept: programs read them from a token. */
const CLAIMS = ["iss", "sub", "aud", "azp", "client_id", "scope", "scp", "tid", "oid"];

/** A JWT with a random signature and a late expiry. null: the token isn't a JWT. */
function jwtLike(token: string, now: number): string | null {
  const [header, payload, signature, ...more] = token.split(".");
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0) return null;
  try {
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
    JSON.parse(Buffer.from(header, "base64url").toString());
    const seconds = Math.floor(now / 1000);
    const kept = Object.fromEntries(
      CLAIMS.flatMap((name) => (Object.hasOwn(claims, name) ? [[name, claims[name]]] : [])),
    );
    const made = JSON.stringify({ ...kept, iat: seconds, exp: seconds + LIFETIME });
    const random = crypto.getRandomValues(new Uint8Array(Math.max(32, Math.floor((signature.length * 3) / 4))));
    return [header, Buffer.from(made).toString("base64url"), Buffer.from(random).toString("base64url")].join(".");
  } catch {
    return null; // Three parts, but not a JWT.
  }
}
