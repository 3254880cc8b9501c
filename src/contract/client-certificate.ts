// cspell:disable -- Base64
/**
 * The client certificate for a contract test's issuer (RFC 8705 §2), self-signed. Nothing trusts it, so its key may be public.
 */
const KEY =
  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgWYmu2wcw1tCATaBroaR2WSFE1mCcsgzYR7lQZjER1QyhRANCAASh" +
  "T1C/LCQviQYFKRdry/B0DpoC1XWbeKTXISVrJvSiqGdtCfXGr8wH6fqKoO3ZdyG4psyK5nKTBEb/G7W/+y4X";
const CERTIFICATE =
  "MIIBFjCBvAIBATAKBggqhkjOPQQDAjAXMRUwEwYDVQQDDAxjaGVjayBjbGllbnQwHhcNMjAwMTAxMDAwMDAwWhcNNDkxMjMxMjM1" +
  "OTU5WjAXMRUwEwYDVQQDDAxjaGVjayBjbGllbnQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAShT1C/LCQviQYFKRdry/B0DpoC" +
  "1XWbeKTXISVrJvSiqGdtCfXGr8wH6fqKoO3ZdyG4psyK5nKTBEb/G7W/+y4XMAoGCCqGSM49BAMCA0kAMEYCIQDloTjTbsNDeXyk" +
  "Ul6KkjQq6BDjxA+BqSUPj85aTQAl6AIhAIx6+zNsqPxcIo7vGesLtUK8eAILQh0Z6S49Da3FLh4d";

/** In PEM, the key first; and the certificate's bytes in Base64. */
export const CLIENT_CERTIFICATE = {
  file: `${pem("PRIVATE KEY", KEY)}${pem("CERTIFICATE", CERTIFICATE)}`,
  base64: CERTIFICATE,
} as const;

function pem(what: string, base64: string): string {
  return `-----BEGIN ${what}-----\n${base64}\n-----END ${what}-----\n`;
}
