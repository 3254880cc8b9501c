/** The authorization endpoint of a contract test's issuer: checks the browser's request, and redirects it. */
import { nameOf } from "../oauth/send.ts";
import { isSameOrigin } from "../platform/url.ts";
import { insist, Mismatch } from "./check.ts";
import type { Issuer } from "./issuer.ts";
import { scopesIn } from "./request.ts";

/**
 * RFC 6749 §4.1.1.
 * @param registered the redirect URI that counts where the request names none
 * @throws Mismatch
 */
export function authorizationAnswer(
  { provider, endpoints: { authorization = "" }, grants, place }: Issuer,
  url: URL,
  registered: string,
  decision: "approve" | "deny",
): string {
  const { authorize, scopes } = provider.dialect;
  const page = new URL(authorization);
  const isThePage = isSameOrigin(url.href, page.href) && url.pathname === page.pathname;
  insist(isThePage, `the browser was sent to ${url.origin}${url.pathname}`);
  const query = authorize.fragment === undefined ? url.searchParams : behindFragment(url, authorize.fragment);
  for (const [name, value] of [...Object.entries(authorize.parameters), ...page.searchParams])
    insist(
      query.get(name) === value,
      `authorize.parameters.${name} does nothing: the protocol's own parameter is sent`,
    );
  const given = (name: string): string | null => {
    const known = nameOf(name, authorize.names);
    return known === false ? null : query.get(known);
  };
  for (const name of ["client_id", "redirect_uri", "state"])
    insist(
      authorize.names[name] === false || Boolean(given(name)),
      `${name} is missing from the authorization request`,
    );
  const [challenge, nonce] = [given("code_challenge"), given("nonce")];
  insist((authorize.pkce !== false) === (challenge !== null), "authorize.pkce isn't what is done");
  const method = authorize.names.code_challenge_method === false ? null : given("code_challenge_method");
  const known = method === null || challenge === null || method === (authorize.pkce === "plain" ? "plain" : "S256");
  insist(known, `authorize.pkce is ${authorize.pkce}, but code_challenge_method is ${method}`);
  const expected = { always: true, never: false, openid: nonce !== null }[authorize.nonce];
  insist(expected === (nonce !== null), "authorize.nonce isn't what is done");
  const redirectUri = given("redirect_uri");
  const { value } = authorize.redirect;
  insist(
    value === undefined || redirectUri === null || redirectUri === value,
    "authorize.redirect.value isn't what is sent",
  );
  const back = new URL(value === undefined ? (redirectUri ?? registered) : registered);
  const answer: [string, string][] = [[nameOf("state", authorize.names) || "state", given("state") ?? ""]];
  if (decision === "deny") answer.push(["error", "access_denied"]);
  else {
    const asked = scopesIn(given("scope"), scopes.separator);
    // Without one in the request, the registered one counts, which the program knows.
    const sent = redirectUri ?? value ?? registered;
    const grant = { scopes: asked, flow: "browser", nonce, redirectUri: sent, dead: false } as const;
    answer.push([authorize.codeParameter, grants.addCode({ grant, redirectUri, challenge })]);
    for (const name of authorize.extra) answer.push([name, "kept"]);
    answer.push(...place.sayInAnswer());
  }
  for (const [name, value] of answer) back.searchParams.set(name, value);
  return back.href;
}

/** `https://…/#path?client_id=…` */
function behindFragment({ hash }: URL, path: string): URLSearchParams {
  const [place, query = ""] = hash.slice(1).split("?");
  if (place !== path) throw new Mismatch("authorize.fragment isn't where the browser is sent");
  return new URLSearchParams(query);
}

/** RFC 7636 §4.2, by the method that `authorize.pkce` names. */
export function challengeOf(verifier: string, how: boolean | "plain" | "S256-hex"): string {
  if (how === "plain") return verifier;
  return new Bun.CryptoHasher("sha256").update(verifier).digest(how === "S256-hex" ? "hex" : "base64url");
}
