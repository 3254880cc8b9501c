/** Plain requests, with none of our own code: what the tests of the issuers speak. */
import type { Server } from "./server.ts";

const running: Server[] = [];

/** Ends what a test started: `afterEach(stopAll)`. */
export async function stopAll(): Promise<void> {
  await Promise.all(running.splice(0).map((server) => server.stop()));
}

export function started<T extends { server: Server }>(issuer: T): T {
  running.push(issuer.server);
  return issuer;
}

export type Fields = Record<string, string>;
export type Reply = { status: number; type: string; body: Record<string, unknown>; text: string; headers: Headers };

export async function post(
  url: string,
  fields: Fields,
  headers: Fields = { accept: "application/json" },
): Promise<Reply> {
  const response = await fetch(url, { method: "POST", body: new URLSearchParams(fields), headers });
  const text = await response.text();
  const type = response.headers.get("content-type") ?? "";
  return {
    status: response.status,
    type,
    text,
    body: type.includes("json") ? JSON.parse(text) : {},
    headers: response.headers,
  };
}

export async function followed(authorization: string, query: Fields): Promise<URL> {
  const response = await fetch(`${authorization}?${new URLSearchParams(query)}`, { redirect: "manual" });
  return new URL(response.headers.get("location") ?? "about:blank");
}

export const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"; // RFC 7636, appendix B.
const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
export const PKCE = { code_challenge: CHALLENGE, code_challenge_method: "S256" };
export const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";
