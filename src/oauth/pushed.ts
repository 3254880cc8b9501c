/** An authorization request that goes to the issuer itself first, so that the browser carries a reference only (RFC 9126). */
import * as v from "valibot";
import type { Http } from "../platform/http.ts";
import { holdsSecret } from "../platform/redact.ts";
import { isSuccess, readBody } from "./body.ts";
import { classifyReply } from "./classify.ts";
import { loginError } from "./login-error.ts";
import { sendForm } from "./send.ts";
import { type Client, OAuthFailure, type Server } from "./types.ts";

const Pushed = v.object({ request_uri: v.pipe(v.string(), v.nonEmpty(), v.maxLength(2048)) });

/**
 * @param url with the whole request in it
 * @returns for the browser, to be opened once (RFC 9126 §4); `url` itself where the issuer doesn't insist on pushing
 * @throws AuthError when the issuer can't be reached, or refuses the request
 */
export async function pushedUrl(http: Http, server: Server, client: Client, url: string): Promise<string> {
  if (server.pushed === undefined) return url;
  const short = new URL(url);
  const parameters = new URLSearchParams(short.search);
  short.search = "";
  try {
    const raw = await sendForm({ http, server, client, withSecret: true }, server.pushed, parameters);
    const body = readBody(raw);
    const pushed = v.safeParse(Pushed, body);
    if (!isSuccess(raw) || !pushed.success || holdsSecret(pushed.output.request_uri))
      throw classifyReply(raw, body, server.dialect, Date.now(), client);
    short.searchParams.set("client_id", client.id);
    short.searchParams.set("request_uri", pushed.output.request_uri);
    return short.href;
  } catch (error) {
    throw error instanceof OAuthFailure ? loginError(server, error) : error;
  }
}
