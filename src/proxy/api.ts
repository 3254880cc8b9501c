/** What the proxy knows of a connection: where its token may go, and how to get one for a request. */
import type { Secret } from "../platform/secret.ts";

/** Name and value: the token's own header first, then its companions'. */
export type CredentialHeaders = readonly (readonly [name: string, value: Secret])[];

export interface Credential {
  readonly token: Secret;
  readonly headers: CredentialHeaders;
  /** The token, and what else is secret in the headers. */
  readonly secrets: readonly Secret[];
}

export interface Api {
  /** As it is shown: `github:work`. */
  readonly connection: string;
  /** Where its token may go. The first is its API's. */
  readonly origins: readonly string[];
  /** In lower case: in which the program may send what stands for its token. */
  readonly headerNames: readonly string[];
  /** Addresses of the connection itself, which give tokens to whoever asks: path, by origin. */
  readonly endpoints: readonly string[];
  /** For one request: it isn't kept. @throws AuthError */
  credential(): Promise<Credential>;
  /** Once the API has refused it (401). null: a new token would fare no better. @throws AuthError */
  renewed(refused: Credential): Promise<Credential | null>;
}
