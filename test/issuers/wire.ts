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

interface Endpoints {
  readonly authorization?: string;
  readonly device?: string;
  readonly token: string;
}

/** RFC 8628 §3.4. @param client its id, and what else it sends @param deviceCode or the reply that has it */
export function poll({ token }: Endpoints, client: Fields, deviceCode: Reply | string): Promise<Reply> {
  const device_code = typeof deviceCode === "string" ? deviceCode : String(deviceCode.body.device_code);
  return post(token, { ...client, grant_type: DEVICE_GRANT, device_code });
}

/** RFC 6749 §6. @param refreshToken or the reply that has it */
export function refresh({ token }: Endpoints, client: Fields, refreshToken: Reply | string): Promise<Reply> {
  const refresh_token = typeof refreshToken === "string" ? refreshToken : String(refreshToken.body.refresh_token);
  return post(token, { ...client, grant_type: "refresh_token", refresh_token });
}

export const LOOPBACK = "http://127.0.0.1:5/callback";

/** The code of a browser login with PKCE (RFC 6749 §4.1.1). */
export async function codeFrom({ authorization = "" }: Endpoints, client_id: string, scope = ""): Promise<string> {
  const query = { client_id, redirect_uri: LOOPBACK, scope, state: "s", ...PKCE };
  return (await followed(authorization, query)).searchParams.get("code") ?? "";
}
