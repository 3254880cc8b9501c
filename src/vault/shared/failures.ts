/** What a database or the way to it reports, as errors for people. The server's own words are never shown whole. */
import { AuthError, errorCode } from "../../platform/errors.ts";
import type { SharedAddress } from "../address.ts";
import { NOT_HANDED_ON } from "../sources/source.ts";

/** @param reason a clause: `it did not answer` */
export function unreachable(
  { shown, tls, giver }: SharedAddress,
  reason: string,
  cause: unknown,
  hint = `Check that the server runs, and ${giver.name}: the server is spoken to ${tls ? "with" : "without"} TLS. Then try again.`,
): AuthError {
  const message = `The shared vault at ${shown} can't be reached: ${reason}.`;
  return new AuthError("vault_unreachable", message, { hint, cause });
}

/** For a certificate of an authority that the system doesn't know, as companies and clouds have them. */
function trusting({ backend, giver }: SharedAddress): string {
  const option = backend === "redis" ? "ca" : "sslrootcert";
  return `The password was not sent. Where an authority of your own issued it, add that one's certificate to ${giver.name}: ${option}=/full/path/to/ca.pem${giver.anew}`;
}

export function withoutTls({ backend, giver }: SharedAddress): string {
  const plain = backend === "redis" ? "redis: in place of rediss:" : "sslmode=disable";
  return `The password was not sent. Turn TLS on at the server; or, where no one else can be on the way, have in ${giver.name}: ${plain}, and accept-cleartext=1${giver.anew}`;
}

/** An answer of another form than the question's. */
export function unexpected(address: SharedAddress): AuthError {
  return unreachable(address, "the server's answer can't be understood", null);
}

/** What no other words are known for. @param code the server's own; shown only where it is one */
export function reported(address: SharedAddress, code: string, cause: unknown): AuthError {
  const shown = /^[A-Z0-9]{2,32}$/.test(code) ? code : "an error";
  return unreachable(address, `the server reported ${shown}`, cause);
}

export function unwritable({ shown }: SharedAddress, reason: string, hint: string, cause?: unknown): AuthError {
  return new AuthError("vault_unwritable", `The shared vault at ${shown} can't be written: ${reason}.`, {
    hint,
    cause,
  });
}

export function readOnlyReplica(address: SharedAddress, cause?: unknown): AuthError {
  return unwritable(address, "it is a read-only replica", usePrimary(address), cause);
}

export function usePrimary({ giver }: SharedAddress): string {
  return `Name the primary server in ${giver.name}.${giver.anew}`;
}

export function refusedLogin({ shown, giver }: SharedAddress, cause: unknown): AuthError {
  return new AuthError("vault_locked", `The server refused the user name or password in ${giver.name}: ${shown}`, {
    hint: `Give those of this database in ${giver.name}${giver.name === "AUTH_STORE" ? ` (of the password, ${NOT_HANDED_ON})` : ""}.${giver.anew}\nIn a password, write characters like @ / # ? % as %40 %2F %23 %3F %25.`,
    cause,
  });
}

export function notOurs({ shown, giver }: SharedAddress, what: string, cause?: unknown): AuthError {
  return new AuthError("vault_corrupt", `What is at ${shown} is not a vault of auth: ${what}.`, {
    hint: `It was left as it is. Name a place of its own: in ${giver.name}, ?prefix=<name> for Redis, ?schema=<name> for PostgreSQL.${giver.anew}`,
    cause,
  });
}

const UNTRUSTED = "its certificate isn't trusted";

/** OpenSSL's codes, as Bun gives them, for certificates that aren't to be trusted. */
function certificateFault(code: string): string | null {
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return "its certificate is for another name";
  if (/CERT_HAS_EXPIRED/.test(code)) return "its certificate has expired";
  if (/^(CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|ERR_SSL|ERR_TLS)/.test(code)) return UNTRUSTED;
  return null;
}

/** A failure of the connection, to either kind of server; null where it is an answer of the server. */
export function connectionFailure(address: SharedAddress, error: unknown): AuthError | null {
  if (error instanceof AuthError) return error;
  const code = errorCode(error) ?? "";
  const certificate = certificateFault(code);
  if (certificate === UNTRUSTED) return unreachable(address, certificate, error, trusting(address));
  if (certificate !== null) return unreachable(address, certificate, error);
  if (/TIMEOUT/.test(code)) return unreachable(address, "it did not answer in time", error);
  if (/TLS_NOT_AVAILABLE|TLS_UPGRADE/.test(code))
    return unreachable(address, "the server doesn't speak TLS", error, withoutTls(address));
  if (/CONNECTION_(CLOSED|REFUSED|FAILED)|^ECONN|^ENOTFOUND|^EHOST|^ENET|IDLE_|LIFETIME_/.test(code))
    return unreachable(address, "there is no connection to the server", error);
  return null;
}
