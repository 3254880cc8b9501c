/** The device flow as the issuer of a contract test has it: its requests in their dialects, its replies in its words. */
import { type Dialect, overlaid } from "../providers/defaults.ts";
import type { EndpointName, ErrorClass } from "../providers/schema.ts";
import { type Body, BY_STATUS, classOf, codesOf, put } from "./bodies.ts";
import type { Issuer } from "./issuer.ts";
import { type Call, ReceivedRequest } from "./request.ts";

export const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";

/** A request for a device code, or a poll, written as the description says of these; null: it is another. */
export function deviceRequest(
  { provider: { dialect }, endpoints }: Issuer,
  call: Call,
  names: readonly EndpointName[],
): { readonly received: ReceivedRequest; readonly asks: "code" | "tokens" } | null {
  const { request, poll } = dialect.device;
  if (names.includes("device")) {
    const received = read(call, dialect, request, names);
    const isAnother = received?.get("device_code") != null || received?.get("refresh_token") != null;
    if (received !== null && !isAnother && (names.length === 1 || received.grantType() === null))
      return { received, asks: "code" };
  }
  if (names.includes(endpoints.poll === undefined ? "token" : "poll")) {
    const received = read(call, dialect, poll?.request, names);
    // As the issuer makes them: a description may have one name for this code and for that of a browser.
    if (received?.get("device_code")?.startsWith(CODE)) return { received, asks: "tokens" };
  }
  return null;
}

const CODE = "check-device-";

/** At an address of its own no other format will do. @throws Mismatch */
function read(
  call: Call,
  dialect: Dialect,
  different: Parameters<typeof overlaid>[1],
  names: readonly EndpointName[],
): ReceivedRequest | null {
  const spoken = overlaid(dialect, different);
  const isItsOwn = names.length === 1 && names[0] !== "token";
  return isItsOwn ? new ReceivedRequest(call, spoken) : ReceivedRequest.orNull(call, spoken);
}

/** RFC 8628 §3.2, under the provider's names. */
export function deviceReply({ device }: Dialect, code: string): Body {
  const body: Body = {};
  const fields = {
    device_code: code,
    user_code: "WDJB-MJHT",
    verification_uri: "https://device.example/activate",
    verification_uri_complete: "https://device.example/activate?code=WDJB-MJHT",
    expires_in: 600,
    interval: 5,
  };
  for (const [name, value] of Object.entries(fields))
    put(body, device.fields[name as keyof typeof fields] ?? name, value, `device.fields.${name}`);
  return body;
}

/** What a poll is answered for this: a status alone, where the description knows it by that, else a code; none is undefined. */
export function pollCode(dialect: Dialect, means: ErrorClass): string | undefined {
  const own = Object.entries(dialect.device.poll?.errors ?? {}).filter(([, entry]) => classOf(entry) === means);
  const [taken] = codesOf(dialect, means).filter((code) => !Object.hasOwn(dialect.device.poll?.errors ?? {}, code));
  return own[0]?.[0] ?? taken;
}

/** The status of an answer without a body; null where a code says what it means. */
export function statusAlone(code: string): number | null {
  const [, kind, status] = BY_STATUS.exec(code) ?? [];
  return kind === "HTTP" ? Number(status) : null;
}
