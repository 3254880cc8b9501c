/** The device flow of a contract test's issuer: reads requests and writes replies as declared. */
import { type Dialect, overlaid } from "../providers/defaults.ts";
import type { EndpointName, ErrorClass } from "../providers/schema.ts";
import { type Body, BY_STATUS, classOf, codesOf, put } from "./bodies.ts";
import type { Issuer } from "./issuer.ts";
import { type Call, ReceivedRequest } from "./request.ts";

export const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";

/** A request for a device code, or a poll, in the declared form; null: another request. */
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
    // By the issuer's own form: a description may have one name for this code and the browser's.
    if (received?.get("device_code")?.startsWith(CODE)) return { received, asks: "tokens" };
  }
  return null;
}

const CODE = "check-device-";

/** An address that is only for this request takes no other format. @throws Mismatch */
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

/** The reply to a poll: a status alone, where the description declares one, else a code. */
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
