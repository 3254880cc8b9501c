/** Sends a request to an API with the current token, and once more with a new one where that is refused (401). */
import { AuthError } from "../platform/errors.ts";
import { HttpError } from "../platform/http-failure.ts";
import type { IncomingMessage } from "../platform/http-server.ts";
import { streamFailure } from "../platform/http-stream.ts";
import { Secret } from "../platform/secret.ts";
import type { Api, Credential } from "./api.ts";
import { Undecodable } from "./decoded.ts";
import { type Refusal, withoutReply, withoutToken } from "./reply.ts";

interface Asked {
  /** null: it needs no token. */
  readonly api: Api | null;
  readonly origin: string;
}

const NOTHING: Credential = { token: new Secret(""), headers: [], secrets: [] };

/**
 * @param send called for each try; it aborts the one before
 * @param canRepeat called before the second try
 * @throws AuthError where there is no token, and what `send` does
 */
export async function answerTo<Answer extends { readonly reply: IncomingMessage }>(
  { api }: Asked,
  send: (credential: Credential) => Promise<Answer>,
  canRepeat: () => boolean,
): Promise<Answer> {
  if (api === null) return send(NOTHING);
  const credential = await api.credential();
  const answer = await send(credential);
  if (!isRefused(answer.reply) || !canRepeat()) return answer;
  const renewed = await renewedOf(api, credential);
  return renewed === null ? answer : send(renewed);
}

/** A 401 for missing scopes isn't a refusal that a refresh could mend (RFC 6750 §3.1). */
function isRefused({ statusCode, headers }: IncomingMessage): boolean {
  return statusCode === 401 && !/insufficient_scope/i.test(headers["www-authenticate"] ?? "");
}

/** null: there is no other, and the refusal is the answer. */
async function renewedOf(api: Api, credential: Credential): Promise<Credential | null> {
  try {
    return await api.renewed(credential);
  } catch {
    return null; // The engine has logged why; the program gets the refusal.
  }
}

/** The proxy's own reply where `answerTo` has thrown. */
export function withoutAnswer(error: unknown, { origin }: Asked, method = "GET"): Refusal {
  if (error instanceof AuthError) return withoutToken(error);
  const failure =
    error instanceof Undecodable ? new HttpError("reply unreadable", origin) : streamFailure(error, origin);
  return withoutReply(failure, method);
}
