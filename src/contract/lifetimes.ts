/** How long a login's tokens live: by each place in the reply, and by the description where the reply doesn't say. */
import type { Tokens } from "../connections/record.ts";
import { LIFETIME, type Lifetimes, placesOf, REFRESH_LIFETIMES, USUAL_LIFETIMES } from "./bodies.ts";
import { type CheckCase, insist, Mismatch, Skip, type Subject } from "./check.ts";
import { atIssuer, type Harness, withHarness } from "./harness.ts";
import { anyFlow } from "./logins.ts";

export const LIFETIMES: readonly CheckCase[] = [
  { name: "expiry", run: expiryIsRead },
  { name: "refresh lifetimes", run: atIssuer(refreshEndsAreKnown) },
];

async function expiryIsRead(subject: Subject): Promise<string> {
  const flow = anyFlow(subject);
  const tokensWith = (lifetimes: Partial<Lifetimes>): Promise<Tokens> =>
    withHarness(subject, async ({ issuer, login }) => {
      issuer.lifetimes = { ...USUAL_LIFETIMES, ...lifetimes };
      const { tokens } = (await login(flow)).record;
      if (tokens === null) throw new Mismatch("the login brought no tokens");
      return tokens;
    });
  const lifetime = async (lifetimes: Partial<Lifetimes>): Promise<number | null> => {
    const { expiresAt, obtainedAt } = await tokensWith(lifetimes);
    return expiresAt === null ? null : Math.round((expiresAt - obtainedAt) / 1000);
  };
  const { expiry, accessToken, idToken } = await withHarness(subject, async ({ provider }) => provider.dialect.reply);
  for (const [place, { path, unit }] of placesOf(expiry).entries()) {
    const seconds = await lifetime({ place });
    insist(
      seconds !== null && Math.abs(seconds - LIFETIME) <= 5,
      `an hour in ${path} (${unit}) is read as ${seconds ?? "unknown"}`,
    );
  }
  const { path, unit, others, zero, absent } = expiry;
  // An ID token's own expiry has precedence over the assumed one.
  const assumed = accessToken === idToken ? LIFETIME : absent === "never" ? null : absent;
  const isAssumed = (seconds: number | null): boolean =>
    seconds === assumed || (seconds !== null && Math.abs(seconds - (assumed ?? Infinity)) <= 5);
  const without = await lifetime({ access: null });
  insist(isAssumed(without), `without ${path} a token lives ${without ?? "an unknown time"}`);
  if (zero === "absent") insist(isAssumed(await lifetime({ access: 0 })), `0 in ${path} isn't taken for absent`);
  const further = others.map((one) => `, ${one.path} in ${one.unit}`).join("");
  return `${path} in ${unit}${further}; absent: ${absent}${zero === "absent" ? ", as is 0" : ""}`;
}

const DAY = 24 * 3600;

/** draft-ietf-oauth-refresh-token-expiration: what the reply says, and where it says nothing, what the description does. */
async function refreshEndsAreKnown(harness: Harness): Promise<string> {
  const { issuer, login, refresh, provider } = harness;
  const flow = anyFlow(harness);
  const { slidingSeconds = null, absoluteSeconds = null } = provider.dialect.refresh.lifetime ?? {};
  const told = await login(flow);
  if (!told.record.tokens?.refreshToken) throw new Skip("a login brings no refresh token");
  const { refreshExpiresIn, refreshTimeout, authorizationExpiresIn } = REFRESH_LIFETIMES;
  if (provider.dialect.refresh.credential === "refresh_token")
    insistEnds(told.record.tokens, Math.min(refreshExpiresIn, refreshTimeout), authorizationExpiresIn, "by its reply");

  issuer.lifetimes = { ...USUAL_LIFETIMES, refresh: false };
  const silent = await login(flow);
  insistEnds(silent.record.tokens, slidingSeconds, absoluteSeconds, "by refresh.lifetime");
  const { tokens } = (await refresh(silent)).record;
  const moved = tokens?.refreshExpiresAt ?? null;
  insist(moved === null || moved >= (silent.record.tokens?.refreshExpiresAt ?? 0), "a refresh shortens slidingSeconds");
  const end = silent.record.tokens?.authorizationExpiresAt ?? null;
  insist((tokens?.authorizationExpiresAt ?? null) === end, "a refresh moves the end by absoluteSeconds");
  const parts = [
    slidingSeconds === null ? [] : [`${days(slidingSeconds)} from its last use`],
    absoluteSeconds === null ? [] : [`${days(absoluteSeconds)} from the login`],
  ].flat();
  return parts.length === 0 ? "as the reply says" : `as the reply says, else ${parts.join(", ")}`;
}

function insistEnds(tokens: Tokens | null, sliding: number | null, absolute: number | null, by: string): void {
  if (tokens === null) throw new Mismatch("the login brought no tokens");
  const seconds = (end: number | null | undefined): number | null =>
    end == null ? null : Math.round((end - tokens.obtainedAt) / 1000);
  const ends = [seconds(tokens.refreshExpiresAt), seconds(tokens.authorizationExpiresAt)];
  insist(ends[0] === sliding, `${by} the refresh token ends ${inWords(ends[0])}, not ${inWords(sliding)}`);
  insist(ends[1] === absolute, `${by} the authorization ends ${inWords(ends[1])}, not ${inWords(absolute)}`);
}

function inWords(seconds: number | null | undefined): string {
  return seconds == null ? "at an unknown time" : `after ${days(seconds)}`;
}

function days(seconds: number): string {
  return seconds % DAY === 0 ? `${seconds / DAY} days` : `${seconds} s`;
}
