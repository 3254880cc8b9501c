/** Refreshes as declared: rotation, grace and revocation of the family; and unusable replies lose nothing. */
import { tokenOf } from "../connections/outcome.ts";
import type { Stored } from "../connections/store.ts";
import { tokenEndpointOf } from "../connections/token-endpoint.ts";
import { sendRefresh } from "../oauth/refresh.ts";
import { readTokenReply } from "../oauth/reply.ts";
import { OAuthFailure, type TokenReply } from "../oauth/types.ts";
import { LIMITS } from "../platform/limits.ts";
import type { Secret } from "../platform/secret.ts";
import type { ErrorClass } from "../providers/schema.ts";
import { BY_STATUS, classOf, codesOf, type ErrorReply, errorReply } from "./bodies.ts";
import { type CheckCase, errorOf, insist, Mismatch, Skip } from "./check.ts";
import { atIssuer, type Harness } from "./harness.ts";
import { anyFlow } from "./logins.ts";

export const REFRESHES: readonly CheckCase[] = [
  { name: "refresh", run: atIssuer(refreshes) },
  { name: "rotation", run: atIssuer(rotates) },
  { name: "a dead grant", run: atIssuer(dies) },
  { name: "a refused client", run: atIssuer(refusesClient) },
  { name: "trouble that passes", run: atIssuer(passes) },
  { name: "error codes", run: atIssuer(classifies) },
];

type Renewable = Stored & { readonly refreshToken: Secret };

/** A login that can be refreshed. @throws Skip where no flow with a person is declared */
async function renewableLogin(harness: Harness): Promise<Renewable> {
  const stored = await harness.login(anyFlow(harness));
  const refreshToken = stored.record.tokens?.refreshToken;
  if (refreshToken) return { ...stored, refreshToken };
  const { offline } = harness.provider.dialect.scopes;
  const why = offline === undefined ? "" : `, though ${offline} was asked for`;
  throw new Mismatch(`the login brought no refresh token${why}`);
}

async function refreshes(harness: Harness): Promise<string> {
  const first = await renewableLogin(harness);
  const { calls, endpoints } = harness.issuer;
  const before = calls.length;
  const second = await harness.refresh(first);
  const sent = calls.slice(before).filter((address) => address !== endpoints.introspection);
  insist(sent.length === 1, "a refresh isn't one request");
  const { keepsAccessToken } = harness.provider.dialect.refresh;
  if (keepsAccessToken === undefined) insist(!tokenOf(second).equals(tokenOf(first)), "a refresh brought no new token");
  else insist(tokenOf(second).equals(tokenOf(first)), "refresh.keepsAccessToken isn't what happens");
  insist(harness.isLive(second), "a refresh brought no token of the provider's");
  const kept = second.record.tokens?.refreshToken;
  const { rotation, credential } = harness.provider.dialect.refresh;
  const stays = rotation === "none" && credential === "refresh_token";
  insist(
    kept != null && kept.equals(first.refreshToken) === stays,
    `refresh.rotation is ${rotation}, but the refresh token isn't kept so`,
  );
  if (credential === "access_token") return "one request; the access token renews itself";
  if (keepsAccessToken !== undefined) return "one request; the access token lives on";
  return stays ? "one request; the refresh token stays" : "one request; the refresh token is replaced";
}

/** What happens to replaced tokens. */
async function rotates(harness: Harness): Promise<string> {
  const { rotation, graceSeconds, killsAccessToken } = harness.provider.dialect.refresh;
  const first = await renewableLogin(harness);
  const second = await harness.refresh(first);
  insist(harness.isLive(first) === !killsAccessToken, "refresh.killsAccessToken isn't what happens");
  if (rotation === "none" || graceSeconds > 0) await resend(harness, first);
  if (rotation === "none") return "an old refresh token still works";
  harness.issuer.advance(graceSeconds + 1);
  const failure = await errorOf(OAuthFailure, resend(harness, first), "a used refresh token still works");
  insist(failure.class === "dead", `a used refresh token is reported as ${failure.class}`);
  insist(rotation !== "family" || !harness.isLive(second), "a replay doesn't end the family");
  const grace = graceSeconds > 0 ? ` after ${graceSeconds} s` : "";
  return `a used refresh token is dead${grace}${rotation === "family" ? ", and its replay ends the grant" : ""}`;
}

async function dies(harness: Harness): Promise<string> {
  const stored = await renewableLogin(harness);
  harness.issuer.grants.kill();
  await insistItFails(harness, stored, "dead");
  const before = harness.issuer.calls.length;
  await insistItFails(harness, stored, "dead");
  insist(harness.issuer.calls.length === before, "a dead refresh token is sent again");
  return `${codesOf(harness.provider.dialect, "dead")[0]}: log in again; it isn't sent a second time`;
}

async function refusesClient(harness: Harness): Promise<string> {
  const stored = await renewableLogin(harness);
  const { dialect } = harness.provider;
  const [code] = codesOf(dialect, "client");
  if (code === undefined) throw new Mismatch("no error code means 'client' any more: errors.codes takes them all");
  harness.issuer.failNext(errorReply(dialect, code, 401));
  await insistItFails(harness, stored, "client");
  return `${code}: nothing is lost`;
}

/** After an unusable reply nothing is lost, and the next try works. */
async function passes(harness: Harness): Promise<string> {
  const stored = await renewableLogin(harness);
  const busy = { status: 503, html: "busy", headers: { "retry-after": "7" } };
  const faults: [ErrorReply, boolean][] = [
    [busy, false],
    [{ status: 429, html: "" }, false],
    [{ status: 502, html: "<h1>Bad gateway</h1>" }, true],
  ];
  for (const [fault, inDoubt] of faults) {
    harness.issuer.failNext(fault);
    const failure = await errorOf(OAuthFailure, resend(harness, stored), `HTTP ${fault.status} is taken for tokens`);
    const seen = `${failure.class}${failure.inDoubt ? ", in doubt" : ""}`;
    insist(failure.class === "transient" && failure.inDoubt === inDoubt, `HTTP ${fault.status} is reported as ${seen}`);
  }
  harness.issuer.failNext({ status: 200, html: "<h1>Sign in</h1>" });
  // Within a grace the program asks again at once (RULES.md 2.4); else the next caller does.
  if (harness.provider.dialect.refresh.graceSeconds === 0) await insistItFails(harness, stored, "transient");
  await harness.refresh(stored);
  return "503, 429, 502 and a page of HTML lose nothing";
}

/** Every declared code, with each status. */
async function classifies(harness: Harness): Promise<string> {
  anyFlow(harness);
  const codes = Object.entries(harness.definition.errors?.codes ?? {});
  if (codes.length === 0) throw new Skip("errors.codes adds none to those of the RFCs");
  const stored = await renewableLogin(harness);
  const counts = new Map<ErrorClass, number>();
  for (const [code, entry] of codes) {
    const means = classOf(entry);
    counts.set(means, (counts.get(means) ?? 0) + 1);
    for (const status of BY_STATUS.test(code) ? [400] : [400, 200]) {
      harness.issuer.failNext(errorReply(harness.provider.dialect, code, status));
      const failure = await errorOf(OAuthFailure, resend(harness, stored), `${code} is taken for tokens`);
      insist(
        failure.class === means,
        `${code} with HTTP ${failure.status} is reported as ${failure.class}, not ${means}`,
      );
    }
  }
  return [...counts].map(([means, count]) => `${count} ${means}`).join(", ");
}

async function insistItFails(harness: Harness, stored: Stored, means: ErrorClass): Promise<void> {
  const outcome = await harness.tryRefresh(stored);
  if (outcome.kind !== "failed") throw new Mismatch(`what should be reported as ${means} is taken for a success`);
  const { failure, tokens } = outcome.stored.record;
  const seen = failure?.class ?? outcome.error.code;
  insist(seen === means, `what should be reported as ${means} is reported as ${seen}`);
  insist(tokens !== null, "a failed refresh loses the tokens");
}

/** Sends the refresh token of `stored` without the engine, as another program would. */
async function resend(harness: Harness, { record, refreshToken }: Renewable): Promise<TokenReply> {
  const { server, client, dialect } = await tokenEndpointOf(harness.services, record);
  const scopes = dialect.refresh.scope === "granted" ? (record.tokens?.scopes ?? []) : null;
  const request = { refreshToken, scopes, flow: record.flow, timeout: LIMITS.exchange };
  const raw = await sendRefresh(harness.services.context.http, server, client, request);
  const current = record.tokens?.accessToken ?? null;
  return readTokenReply(server, client, raw, { subject: null, current, now: Date.now() });
}
