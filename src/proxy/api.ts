/** A connection, for the proxy: where its token may go, and how to get one for a request. */
import type { Secret } from "../platform/secret.ts";

/** Name and value: the token's own header first, then its companions'. */
export type CredentialHeaders = readonly (readonly [name: string, value: Secret])[];

export interface Credential {
  readonly token: Secret;
  readonly headers: CredentialHeaders;
  /** The token, and other secrets in the headers. */
  readonly secrets: readonly Secret[];
}

export interface Api {
  /** As it is shown: `github:work`. */
  readonly connection: string;
  /** Where its token may go. The first is its API's. */
  readonly origins: readonly string[];
  /** In lower case: the headers in which the program may send a placeholder. */
  readonly headerNames: readonly string[];
  /** The connection's own endpoints, which give out tokens. */
  readonly endpoints: readonly string[];
  /** For one request only. @throws AuthError */
  credential(): Promise<Credential>;
  /** After the API has refused it (401). null: a new token wouldn't help. @throws AuthError */
  renewed(refused: Credential): Promise<Credential | null>;
}
