/** The only thing that src/mcp knows about tokens: a function that returns the headers with the credentials. */
import { AuthError } from "../platform/errors.ts";

/** A server's refusal of a request, with or without credentials. */
export interface Refusal {
  readonly status: 401 | 403;
  /** Its `WWW-Authenticate` header. */
  readonly challenge: string | null;
  /** Its `DPoP-Nonce` header (RFC 9449 §9). */
  readonly nonce: string | null;
  /** The refused ones, as `Authorize` returned them. */
  readonly credentials: Credentials;
}

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * @param refusal of the credentials before; null at a request's first try
 * @returns null where the refusal isn't about the credentials: it is passed to the client
 * @throws AuthError why there are none; `PersonNeeded` where a person has to do something first
 */
export type Authorize = (call: {
  readonly method: "GET" | "POST" | "DELETE";
  readonly refusal: Refusal | null;
  readonly signal: AbortSignal;
}) => Promise<Credentials | null>;

/** A person has to open a page first. */
export class PersonNeeded extends AuthError {
  readonly url: string;

  constructor(error: AuthError, url: string) {
    const { code, message, hint, connection } = error;
    super(code, message, { ...(hint !== undefined && { hint }), ...(connection !== undefined && { connection }) });
    this.url = url;
  }
}
