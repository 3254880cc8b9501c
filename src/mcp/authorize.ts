/** All that src/mcp knows of tokens: a function that returns the headers which identify the caller to the server. */
import { AuthError } from "../platform/errors.ts";

/** What a server answered to credentials of ours, or to a request without any. */
export interface Refusal {
  readonly status: 401 | 403;
  /** Of its `WWW-Authenticate`. */
  readonly challenge: string | null;
  /** Of its `DPoP-Nonce` (RFC 9449 §9). */
  readonly nonce: string | null;
  /** Those that were refused, as `Authorize` gave them. */
  readonly credentials: Credentials;
}

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * @param refusal what came of the credentials before; null at a request's first try
 * @returns null where the refusal isn't about them: it stands, and is the client's to read
 * @throws AuthError why there are none; `PersonNeeded` where a person has to do something first
 */
export type Authorize = (call: {
  readonly method: "GET" | "POST" | "DELETE";
  readonly refusal: Refusal | null;
  readonly signal: AbortSignal;
}) => Promise<Credentials | null>;

/** Nothing goes on before a person has opened a page. */
export class PersonNeeded extends AuthError {
  readonly url: string;

  constructor(error: AuthError, url: string) {
    const { code, message, hint, connection } = error;
    super(code, message, { ...(hint !== undefined && { hint }), ...(connection !== undefined && { connection }) });
    this.url = url;
  }
}
