/**
 * Why there is no connection to a server. Bun's clients have one code for a name that isn't found, a port that is closed
 * and a server of another kind, so the server is asked once more, without them and without a password.
 */
import { type AuthError, errorCode } from "../../platform/errors.ts";
import { type Knocked, knock } from "../../platform/knock.ts";
import type { SharedAddress } from "../address.ts";
import { unreachable, withoutTls } from "./failures.ts";

/** Of clients that got no answer, or one that is no server's of their kind. */
const AMBIGUOUS =
  /CONNECTION_(CLOSED|REFUSED|FAILED)$|_INVALID_RESPONSE|_UNEXPECTED_MESSAGE$|_TIMEOUT$|^(ECONN|EPROTO$|ENOTFOUND$)/;

interface Protocol {
  readonly title: string;
  readonly hello: Uint8Array;
  /** Whether an answer is one of this protocol. */
  isAnswer(bytes: Buffer): boolean;
}

const PROTOCOLS: Readonly<Record<SharedAddress["backend"], Protocol>> = {
  redis: {
    title: "Redis",
    hello: Buffer.from("PING\r\n"),
    // A simple string, or an error where a password comes first (redis.io/docs/reference/protocol-spec).
    isAnswer: (bytes) => /^[+-][A-Z]/.test(bytes.toString("latin1")),
  },
  postgres: {
    title: "PostgreSQL",
    // SSLRequest: one byte says whether there is TLS (postgresql.org/docs/current/protocol-flow.html, "SSL Session Encryption").
    hello: Uint8Array.of(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f),
    isAnswer: (bytes) => /^([SN]$|E)/.test(bytes.toString("latin1")),
  },
};

/** null where it isn't known. */
export async function whyNoConnection(address: SharedAddress, error: unknown): Promise<AuthError | null> {
  if (!AMBIGUOUS.test(errorCode(error) ?? "")) return null;
  const { hostname, port } = new URL(address.url);
  const found = await knock(hostname.replace(/^\[|\]$/g, ""), Number(port), PROTOCOLS[address.backend].hello);
  return explained(address, found, error);
}

function explained(address: SharedAddress, found: Knocked, cause: unknown): AuthError | null {
  const { backend, tls, giver } = address;
  const { title, isAnswer } = PROTOCOLS[backend];
  const check = (what: string, more = ""): string =>
    `Check the ${what} in ${giver.name}${more}. Then try again.${giver.anew}`;
  switch (found.is) {
    case "unclear":
      return null;
    case "unresolved":
      return unreachable(
        address,
        "its host name can't be resolved",
        cause,
        check("host", ", and this machine's network"),
      );
    case "refused":
      return unreachable(address, "the connection was refused", cause);
    case "answered":
      if (!isAnswer(found.bytes) && !isTlsAlert(found.bytes))
        return unreachable(address, `what answers there doesn't speak ${title}`, cause, check("host and the port"));
      if (backend !== "redis" || tls === isTlsAlert(found.bytes)) return null;
      if (tls) return unreachable(address, "the server doesn't speak TLS", cause, withoutTls(address));
      return unreachable(
        address,
        "what answers there speaks TLS",
        cause,
        `Write rediss: in place of redis: in ${giver.name}.${giver.anew}`,
      );
  }
}

/** To what is no beginning of TLS (RFC 8446 §5.1, §6). */
function isTlsAlert(bytes: Buffer): boolean {
  return bytes[0] === 21 && bytes[1] === 3;
}
