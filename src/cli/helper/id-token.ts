/** A login's ID token instead of its access token, for servers that take only that: Kubernetes' own OIDC. */
import { display } from "../../connections/ref.ts";
import type { Selected } from "../../connections/select.ts";
import { decodeJwt } from "../../oauth/idtoken.ts";
import { AuthError } from "../../platform/errors.ts";
import { type Acquired, acquire } from "../acquire.ts";
import type { Session } from "../session.ts";

/**
 * A refresh brings a new one, where the provider gives one at refreshes (OpenID Connect Core §12.2).
 *
 * @param minTtl milliseconds that it should still live; 0: less than half of its life, or five minutes
 * @throws AuthError `login_required` where there is none, or none that is still good
 */
export async function acquireIdToken(session: Session, selected: Selected, minTtl: number): Promise<Acquired> {
  const now = session.context.now();
  const first = await acquire(session, selected, minTtl);
  const held = idTokenIn(first);
  if (held !== null && held.expiresAt - now >= (minTtl || Math.min(300_000, held.lifetime / 2))) return held.acquired;
  // It expires before the access token. A token that was just minted isn't refreshed again (RULES.md 2.8).
  const second = idTokenIn(await acquire(session, selected, 0, first.token).catch(() => first));
  const latest = second ?? held;
  if (latest !== null && latest.expiresAt > now) return latest.acquired;
  const name = selected.source === "vault" ? display(selected.ref) : selected.provider;
  const what = latest === null ? "has no ID token" : "has an ID token that is over, and a refresh brought no other";
  throw new AuthError("login_required", `${name} ${what}.`, {
    hint: `Log in for one: auth login ${name} --force --scope openid,offline_access`,
  });
}

/** The same with the ID token instead of the access token; null where it has none. */
function idTokenIn(acquired: Acquired) {
  const { stored } = acquired;
  const tokens = stored?.record.tokens;
  const { exp, iat } = (tokens?.idToken && decodeJwt(tokens.idToken.reveal())?.claims) || {};
  if (stored === null || !tokens?.idToken || typeof exp !== "number") return null;
  const expiresAt = exp * 1000;
  const lifetime = typeof iat === "number" ? (exp - iat) * 1000 : 0;
  const record = { ...stored.record, tokens: { ...tokens, accessToken: tokens.idToken, expiresAt } };
  return { expiresAt, lifetime, acquired: { ...acquired, token: tokens.idToken, stored: { ...stored, record } } };
}
