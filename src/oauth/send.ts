/** The one way in which a client sends a form to a server: with what shows which client it is (RFC 6749 §2.3). */
import { type Posting, post } from "./post.ts";
import type { Client, RawReply, Server } from "./types.ts";

export interface Sending extends Posting {
  readonly client: Client;
  /** Whether a client that has a secret authenticates with it. */
  readonly withSecret: boolean;
}

/**
 * Sent once.
 *
 * @param headers beside those of the client and the dialect
 * @throws OAuthFailure when no reply came
 */
export async function sendForm(
  sending: Sending,
  url: string,
  parameters: URLSearchParams | Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawReply> {
  const form = new URLSearchParams(parameters);
  return post(sending, url, form, { ...headers, ...(await authenticate(sending, url, form)) });
}

/** RFC 8707 §2. */
export function resourceOf({ resource }: Server): { resource?: string } {
  return resource === undefined ? {} : { resource };
}

/**
 * Puts the client into the form: by a signed assertion or its secret; one without either only names itself. In the
 * Basic header it is form-encoded first (RFC 6749 §2.3.1), and no more than that: escaping `-`, `_` and `.` too reads as
 * another client wherever a server forgets to decode.
 *
 * @returns the headers that go with it
 */
async function authenticate(
  { client, server, withSecret }: Sending,
  url: string,
  form: URLSearchParams,
): Promise<Record<string, string>> {
  if (client.key !== undefined) {
    const { addAssertion } = await import("./assertion.ts");
    await addAssertion(form, client.id, client.key, server, url);
    return {};
  }
  const secret = withSecret && client.authentication !== "none" ? client.secret : null;
  if (secret !== null && client.authentication === "basic") {
    const encoded = (text: string): string => new URLSearchParams({ "": text }).toString().slice(1);
    return { authorization: `Basic ${btoa(`${encoded(client.id)}:${encoded(secret.reveal())}`)}` };
  }
  form.set("client_id", client.id);
  if (secret !== null) form.set("client_secret", secret.reveal());
  return {};
}
