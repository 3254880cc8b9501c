/** A client that authenticates with a signed JWT (RFC 7523 §2.2). */
import * as oauth from "oauth4webapi";
import type { ClientKey } from "./client-key.ts";
import { importPrivateKey } from "./key-file.ts";
import type { Server } from "./types.ts";

/**
 * The assertion as RFC 10070 has it: typed, and for the issuer alone, so that no other server can use it. Where the
 * issuer isn't known, or the description says so, it is for the endpoint.
 *
 * @param url the endpoint
 */
export async function addAssertion(
  form: URLSearchParams,
  clientId: string,
  { pem, algorithm, keyId }: ClientKey,
  { dialect, issuer }: Server,
  url: string,
): Promise<void> {
  const key = await importPrivateKey(pem, algorithm);
  const { audience, typ } = dialect.client.assertion;
  const sign = oauth.PrivateKeyJwt(keyId === null ? key : { key, kid: keyId }, {
    [oauth.modifyAssertion]: (header: Record<string, unknown>, claims: Record<string, unknown>) => {
      header.typ = typ;
      claims.aud = audience === "issuer" && issuer !== null ? issuer : url;
    },
  });
  await sign({ issuer: issuer ?? url }, { client_id: clientId }, form, new Headers());
}
