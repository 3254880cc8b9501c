/** The answer of the authorization endpoint: read from what a person pasted, and checked, however it came. */
import { AuthError } from "../platform/errors.ts";
import { outsideWords } from "../platform/redact.ts";
import { knowSecret, Secret } from "../platform/secret.ts";
import { syntaxFault } from "../platform/syntax.ts";
import { isSameOrigin } from "../platform/url.ts";
import { classifyReply } from "./classify.ts";
import { isIssuer } from "./idtoken.ts";
import { loginError } from "./login-error.ts";
import { nameOf } from "./send.ts";
import type { Server } from "./types.ts";

/** The pasted text isn't an answer to this login: the person may try again. */
export class WrongPaste extends AuthError {
  constructor(message: string) {
    super("access_denied", message, {
      hint: "Copy the whole address from the browser, after it was sent back. Nothing was used.",
    });
  }
}

/**
 * @param pasted the final address, its query, or the code and the state with a blank between
 * @throws WrongPaste for what can't be an answer; the state isn't checked yet
 */
export function pastedParameters(pasted: string, redirectUri: string, server: Server): URLSearchParams {
  const text = pasted.trim().replace(/^["'<](.*)["'>]$/s, "$1");
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) {
    if (!isSameOrigin(url.href, redirectUri) || url.pathname !== new URL(redirectUri).pathname)
      throw new WrongPaste(
        `This is not the address that the browser was sent back to. That begins with ${redirectUri}`,
      );
    return url.searchParams;
  }
  if (/^\??[^\s=?]+=\S+$/.test(text) && /&./.test(text)) return new URLSearchParams(text.replace(/^\?/, ""));
  const [, code, state] = /^([^\s#]+)(?:\s+|#)(\S+)$/.exec(text) ?? [];
  if (code !== undefined && state !== undefined) return bare(code, state, server);
  if (/^\S{8,}$/.test(text))
    throw new WrongPaste(
      "This may be the code, but without its state: paste the whole address, or both with a blank between.",
    );
  throw new WrongPaste(`This is not the final address: that begins with ${redirectUri}`);
}

function bare(code: string, state: string, { issRequired, dialect: { authorize } }: Server): URLSearchParams {
  // RFC 9207 §2.4: an answer that should name its issuer, and doesn't, must be refused.
  if (issRequired) throw new WrongPaste("The code and the state are not enough here: paste the whole address.");
  return new URLSearchParams({ [authorize.codeParameter]: code, [nameOf("state", authorize.names) || "state"]: state });
}

/** @throws AuthError for an answer that is an error, another issuer's (RFC 9207 §2.4), or has a parameter twice (RFC 6749 §3.1) */
export function codeIn(server: Server, parameters: URLSearchParams, redirectUri: string): Secret {
  const { issuer, issRequired, dialect } = server;
  // An error's text may repeat a code that came beside it.
  for (const code of parameters.getAll(dialect.authorize.codeParameter)) knowSecret(code);
  const names = [...parameters.keys()];
  const repeated = names.find((name, i) => names.indexOf(name) !== i);
  if (repeated !== undefined)
    throw new AuthError(
      "provider_unavailable",
      `${dialect.title} answered with ${outsideWords(repeated, 40)} more than once: the answer was not used.`,
      { hint: "Log in again." },
    );
  const iss = parameters.get("iss");
  if ((iss === null && issRequired) || (iss !== null && issuer !== null && !isIssuer(issuer, iss)))
    throw new AuthError(
      "access_denied",
      `The answer does not ${iss === null ? "say which issuer it is from" : `come from ${issuer}`}: it was not used.`,
      { hint: "Log in again. If it happens again, it may be an attack that mixes up two issuers." },
    );
  if (parameters.has("error")) {
    const standard = { ...dialect, reply: { ...dialect.reply, error: "error", errorDescription: "error_description" } };
    const raw = { status: 400, headers: {}, body: new Uint8Array() };
    throw loginError(server, classifyReply(raw, Object.fromEntries(parameters), standard, 0), redirectUri);
  }
  const [code, ...more] = parameters.getAll(dialect.authorize.codeParameter);
  if (code === undefined || code === "" || more.length > 0)
    throw new AuthError("provider_unavailable", `${dialect.title} answered without a code.`, { hint: "Log in again." });
  const fault = syntaxFault("code", code);
  if (fault !== null)
    throw new AuthError("provider_unavailable", `${dialect.title}: ${fault}.`, { hint: "Log in again." });
  return new Secret(code);
}
