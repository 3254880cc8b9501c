/**
 * Why there is no connection to a server. Bun's clients have one code for a name that isn't found, a port that is closed
 * and a server of another kind, so the server is asked once more, without them and without a password.
 */
import { type AuthError, errorCode } from "../../platform/errors.ts";
import { knock } from "../../platform/knock.ts";
import type { SharedAddress } from "../address.ts";
import { unreachable, withoutTls } from "./failures.ts";

/** Of clients that got no answer, or one that is no server's of their kind. */
const AMBIGUOUS =
  /CONNECTION_(CLOSED|REFUSED|FAILED)$|_INVALID_RESPONSE|_UNEXPECTED_MESSAGE$|_TIMEOUT$|^(ECONN|EPROTO$|ENOTFOUND$)/;

const PROTOCOLS = {
  redis: {
    title: "Redis",
    hello: Buffer.from("PING\r\n"),
    // A simple string, or an error where a password comes first (redis.io/docs/reference/protocol-spec).
    answer: /^[+-][A-Z]/,
  },
  postgres: {
    title: "PostgreSQL",
    // SSLRequest: one byte says whether there is TLS (postgresql.org/docs/current/protocol-flow.html, "SSL Session Encryption").
    hello: Uint8Array.of(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f),
    answer: /^([SN]$|E)/,
  },
} as const;

/** Of a server with TLS, whatever it speaks over that (RFC 8446 §5.1): an alert. */
const TLS_ALERT = "\x15\x03";

/** null where it isn't known. */
export async function whyNoConnection(address: SharedAddress, cause: unknown): Promise<AuthError | null> {
  if (!AMBIGUOUS.test(errorCode(cause) ?? "")) return null;
  const { backend, tls, giver } = address;
  const { title, hello, answer } = PROTOCOLS[backend];
  const { hostname, port } = new URL(address.url);
  const found = await knock(hostname.replace(/^\[|\]$/g, ""), Number(port), hello);
  const check = (what: string): string => `Check the ${what}. Then try again.${giver.anew}`;
  if (found === null) return null;
  if (found === "refused") return unreachable(address, "the connection was refused", cause);
  if (found === "unresolved") {
    const hint = check(`host in ${giver.name}, and this machine's network`);
    return unreachable(address, "its host name can't be resolved", cause, hint);
  }
  const words = found.toString("latin1");
  if (words.startsWith(TLS_ALERT)) return null;
  if (!answer.test(words))
    return unreachable(
      address,
      `what answers there doesn't speak ${title}`,
      cause,
      check(`host and port in ${giver.name}`),
    );
  if (tls && backend === "redis")
    return unreachable(address, "the server doesn't speak TLS", cause, withoutTls(address));
  return null;
}
