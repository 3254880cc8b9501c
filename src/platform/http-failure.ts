/** Why an HTTP exchange brought no reply that may be read, and whether the request can have arrived. */
import { errorCode, isOutOfFiles, RAISE_FILE_LIMIT } from "./errors.ts";
import { originOf } from "./url.ts";

/** What a person must do, where the same request would fail again until that is done. */
const LASTING = {
  "too many open files": RAISE_FILE_LIMIT,
  "certificate of an unknown authority":
    "Its authority is neither in the system's certificates nor built in. Behind a company's proxy, add the company's certificate to the system's, or name its file: SSL_CERT_FILE=/path/to/ca.pem",
  "certificate for another name":
    "Another server answered than the one that was asked. Check the address, and the network's sign-in page if it has one.",
  "certificate expired": "Check this machine's clock. If it is right, the server's owner must renew the certificate.",
  "certificate not valid yet": "Check this machine's clock.",
  "proxy not found": "Check HTTPS_PROXY or, where only that is set, ALL_PROXY.",
  "proxy refused the connection": "Check HTTPS_PROXY (or ALL_PROXY), and that the proxy is running.",
  "proxy certificate refused":
    "Check HTTPS_PROXY (or ALL_PROXY), and that the proxy's authority is trusted on this machine.",
  "proxy wants a login": "Put it into HTTPS_PROXY: http://<user>:<password>@<proxy>:<port>",
  "proxy refused this user and password":
    "Check them in HTTPS_PROXY; characters such as @ and : are written as %40 and %3A.",
  "proxy login of an unsupported kind":
    "This proxy wants NTLM, Kerberos or Digest; only Basic is supported. A local proxy that logs in for you helps.",
  "proxy address unreadable": "Write it as http://<host>:<port>, or unset it.",
  "proxy refused the request":
    "Ask the administrator of the proxy to let it through, or leave the host out with NO_PROXY.",
  "proxy of an unsupported kind":
    "Only http:// and https:// proxies are supported, no SOCKS. HTTPS_PROXY goes before ALL_PROXY.",
} as const;

const TRY_AGAIN = "Try again.";

/** What to look at where the same request may work another time, or not. */
const PASSING = {
  "host not found": "Check the address, and that this machine is online.",
  "connection refused": "Check the address, and that the server is running.",
  redirected: "The server sends to another address, which is not followed. Check the address.",
  "reply unreadable": "Its compression is unknown, or broken.",
  "reply too large": "This is not the answer that was asked for. Check the address.",
  "certificate refused": TRY_AGAIN,
  "proxy can't reach the host": TRY_AGAIN,
  "proxy timed out": TRY_AGAIN,
  "proxy closed the connection": TRY_AGAIN,
  "connection timed out": TRY_AGAIN,
  "connection lost": TRY_AGAIN,
  interrupted: TRY_AGAIN,
} as const;

/** In words, as CLI.md's refresh table prints them. */
export type HttpFailure = keyof typeof LASTING | keyof typeof PASSING;
export type ProxyFailure = Extract<HttpFailure, `proxy ${string}`>;
type CertificateFailure = Extract<HttpFailure, `certificate ${string}`>;

/** @param detail where the failure happened, without secrets: a proxy's address, a status */
export class HttpError extends Error {
  readonly code = "auth_http";
  readonly failure: HttpFailure;
  /** What happened with its particulars: `proxy refused the request (HTTP 403 from http://proxy:3128)`. */
  readonly reason: string;
  readonly detail: string | null;
  /** What to do, in a sentence. */
  readonly remedy: string;
  /** Whether the same request would fail again until a person has done something. */
  readonly lasting: boolean;
  /** false only where it is certain that the request never reached the provider (RULES.md 2.3). */
  readonly sent: boolean;
  /** Where the request was to go. */
  readonly origin: string;
  /** Where a status came before the failure. */
  readonly status: number | null;
  /** Where a redirect leads, without its query; null for every other failure, and where it doesn't say. */
  readonly location: string | null;

  constructor(failure: HttpFailure, url: string, details: HttpErrorDetails = {}) {
    const reason = details.detail === undefined ? failure : `${failure} (${details.detail})`;
    super(`${reason}: ${originOf(url)}`, { cause: details.cause });
    this.origin = originOf(url);
    this.failure = failure;
    this.reason = reason;
    this.detail = details.detail ?? null;
    this.remedy = { ...LASTING, ...PASSING }[failure];
    this.lasting = Object.hasOwn(LASTING, failure);
    this.status = failure === "redirected" ? (details.status ?? 300) : (details.status ?? null);
    this.location = details.location ?? null;
    this.sent = details.sent ?? !NEVER_SENT.test(failure);
  }
}

export interface HttpErrorDetails {
  readonly cause?: unknown;
  readonly status?: number | null;
  readonly detail?: string;
  readonly location?: string | null;
  /** Where more is known than `NEVER_SENT` has. */
  readonly sent?: boolean;
}

/** There never was a connection: no byte of the request can have left (RULES.md 2.3). */
const NEVER_SENT = /^(host not found|connection refused|too many open files|certificate .*|proxy .*)$/;

/** Measured on Bun 1.4.5: a numeric code is a DOMException (23: TimeoutError, 20: AbortError). */
export function failureOf(error: unknown): HttpFailure {
  if ((error as { syscall?: unknown }).syscall === "getaddrinfo") return "host not found";
  if (isOutOfFiles(error)) return "too many open files";
  const code = errorCode(error) ?? (error as { code?: unknown }).code;
  switch (code) {
    case "ENOTFOUND":
      return "host not found";
    case "ECONNREFUSED":
      return "connection refused";
    case "UnexpectedRedirect":
      return "redirected";
    case "ETIMEDOUT":
    case 23:
      return "connection timed out";
    case 20:
      return "interrupted";
    default:
      return CERTIFICATE_CODES.get(String(code)) ?? "connection lost";
  }
}

/** OpenSSL's verdict on a certificate (X509_V_ERR_…); the request is sent only after it was accepted. */
const CERTIFICATE_CODES = new Map<string, CertificateFailure>(
  Object.entries({
    DEPTH_ZERO_SELF_SIGNED_CERT: "certificate of an unknown authority",
    SELF_SIGNED_CERT_IN_CHAIN: "certificate of an unknown authority",
    UNABLE_TO_GET_ISSUER_CERT: "certificate of an unknown authority",
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "certificate of an unknown authority",
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: "certificate of an unknown authority",
    CERT_UNTRUSTED: "certificate of an unknown authority",
    ERR_TLS_CERT_ALTNAME_INVALID: "certificate for another name",
    HOSTNAME_MISMATCH: "certificate for another name",
    CERT_HAS_EXPIRED: "certificate expired",
    CERT_NOT_YET_VALID: "certificate not valid yet",
    UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: "certificate refused",
    UNABLE_TO_DECRYPT_CERT_SIGNATURE: "certificate refused",
    CERT_SIGNATURE_FAILURE: "certificate refused",
    ERROR_IN_CERT_NOT_BEFORE_FIELD: "certificate refused",
    ERROR_IN_CERT_NOT_AFTER_FIELD: "certificate refused",
    CERT_CHAIN_TOO_LONG: "certificate refused",
    CERT_REVOKED: "certificate refused",
    CERT_REJECTED: "certificate refused",
    INVALID_CA: "certificate refused",
    INVALID_PURPOSE: "certificate refused",
    PATH_LENGTH_EXCEEDED: "certificate refused",
    UNKNOWN_CERTIFICATE_VERIFICATION_ERROR: "certificate refused",
  } as const),
);
