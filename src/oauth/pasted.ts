/** The answer to a browser login, pasted by the person: the final address, its query, or the code and the state. */
import { AuthError } from "../platform/errors.ts";
import { isSameOrigin } from "../platform/url.ts";
import { nameOf } from "./names.ts";
import type { Server } from "./types.ts";

/** What was pasted is no answer to this login: the person may try again, and nothing was used. */
export class WrongPaste extends AuthError {
  constructor(message: string) {
    super("access_denied", message, {
      hint: "Copy the whole address from the browser, after it was sent back. Nothing was used.",
    });
  }
}

/** @throws WrongPaste for what can't be an answer; whose state it has is not looked at */
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
  if (/^\??[^\s=?]+=[^\s]*&[^\s]+$/.test(text)) return new URLSearchParams(text.replace(/^\?/, ""));
  const [, code, state] = /^(\S+?)(?:\s+|#)(\S+)$/.exec(text) ?? [];
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
