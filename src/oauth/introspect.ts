/** Asks the issuer about a token (RFC 7662). */
import * as v from "valibot";
import { AuthError } from "../platform/errors.ts";
import type { Http } from "../platform/http.ts";
import type { Json } from "../platform/json.ts";
import { redactJson } from "../platform/redact.ts";
import type { Secret } from "../platform/secret.ts";
import { isSuccess, readBody } from "./body.ts";
import { classifyReply, laterOrWhere } from "./classify.ts";
import { endpointOf, sendForm } from "./send.ts";
import { type Client, OAuthFailure, type Server } from "./types.ts";

const Introspection = v.looseObject({ active: v.boolean() });

/**
 * @returns the reply's fields under RFC 7662's names
 * @throws AuthError when the provider has no such endpoint, can't be reached, or refuses the client
 */
export async function introspect(
  http: Http,
  server: Server,
  client: Client,
  token: Secret,
): Promise<Json & { active: boolean }> {
  const url = endpointOf(server, "introspection");
  const parameters = { token_type_hint: "access_token", token: token.reveal() };
  try {
    const raw = await sendForm({ http, server, client, withSecret: true }, url, parameters);
    const body = readBody(raw);
    const parsed = v.safeParse(Introspection, body);
    if (!isSuccess(raw) || !parsed.success) throw classifyReply(raw, body, server.dialect, Date.now(), client);
    return redactJson(parsed.output);
  } catch (error) {
    throw error instanceof OAuthFailure ? introspectionError(server, error) : error;
  }
}

function introspectionError({ dialect }: Server, failure: OAuthFailure): AuthError {
  const message = `${dialect.title} did not say anything about the token (${failure.reason})`;
  const detail = failure.description;
  if (failure.class === "client" || failure.status === 401 || failure.status === 403)
    return new AuthError("client_rejected", message, { hint: "Its client may not introspect tokens.", detail });
  const code = failure.status === null ? "network" : "provider_unavailable";
  return new AuthError(code, message, { hint: failure.remedy ?? laterOrWhere(failure), detail });
}
