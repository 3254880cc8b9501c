/** Refreshes as declared: rotation, grace and death; and what isn't an answer loses nothing. */

import { type Outcome, tokenOf } from "../connections/outcome.ts";
import { refreshConnection } from "../connections/refresh.ts";
import type { Stored } from "../connections/store.ts";
import { tokenEndpointOf } from "../connections/token-endpoint.ts";
import { OAuthFailure as Failure, type OAuthFailure, type TokenReply } from "../oauth/types.ts";
import { LIMITS } from "../platform/limits.ts";
import type { Secret } from "../platform/secret.ts";
import type { ErrorClass } from "../providers/schema.ts";
import { BY_STATUS, classOf, codesOf, errorReply } from "./bodies.ts";
import { type CheckCase, insist, Mismatch, Skip } from "./check.ts";
import { type Harness, type Subject, withHarness } from "./harness.ts";
import { anyFlow, hasSecret } from "./logins.ts";

export const REFRESHES: readonly CheckCase[] = [
  { name: "refresh", run: refreshes },
  { name: "rotation", run: rotates },
  { name: "a dead grant", run: dies },
  { name: "a refused client", run: clientRefused },
  { name: "trouble that passes", run: passes },
  { name: "error codes", run: classed },
];

/** A login that can be refreshed. */
async function renewable(harness: Harness): Promise<Stored & { readonly token: Secret }> {
  const stored = await harness.login(anyFlow(harness));
  const token = stored.record.tokens?.refreshToken;
  if (token) return { ...stored, token };
  const { offline } = harness.provider.dialect.scopes;
  throw new Mismatch(
    `the login brought no refresh token${offline === undefined ? "" : `, though ${offline} was asked for`}`,
  );
}

function refresh(harness: Harness, { ref }: Stored): Promise<Outcome> {
  return refreshConnection(harness.services, ref, { minTtl: 0, force: true, rejected: null, implicit: false });
}

function refreshes(subject: Subject): Promise<string> {
  anyFlow(subject);
  return withHarness(subject, hasSecret(subject), async (harness) => {
    const first = await renewable(harness);
    const before = harness.issuer.calls.length;
    const outcome = await refresh(harness, first);
    if (outcome.kind === "failed") throw outcome.error;
    const { introspection } = harness.issuer.endpoints;
    const sent = harness.issuer.calls.slice(before).filter((address) => address !== introspection);
    insist(sent.length === 1, "a refresh isn't one request");
    const token = tokenOf(outcome.stored);
    insist(
      !token.equals(tokenOf(first)) && harness.issuer.grants.isLive(token.reveal()),
      "a refresh brought no new token",
    );
    const kept = outcome.stored.record.tokens?.refreshToken;
    const { rotation, credential } = harness.provider.dialect.refresh;
    const stays = rotation === "none" && credential === "refresh_token";
    insist(
      kept != null && kept.equals(first.token) === stays,
      `refresh.rotation is ${rotation}, but the refresh token isn't kept so`,
    );
    if (credential === "access_token") return "one request; the access token renews itself";
    return stays ? "one request; the refresh token stays" : "one request; the refresh token is replaced";
  });
}

/** What became of the tokens that were replaced. */
function rotates(subject: Subject): Promise<string> {
  anyFlow(subject);
  return withHarness(subject, hasSecret(subject), async (harness) => {
    const { rotation, graceSeconds, killsAccessToken } = harness.provider.dialect.refresh;
    const first = await renewable(harness);
    const outcome = await refresh(harness, first);
    if (outcome.kind === "failed") throw outcome.error;
    insist(
      harness.issuer.grants.isLive(tokenOf(first).reveal()) === !killsAccessToken,
      "refresh.killsAccessToken isn't what happens",
    );
    if (rotation === "none") {
      await send(harness, first, first.token);
      return "an old refresh token still works";
    }
    if (graceSeconds > 0) {
      await send(harness, first, first.token);
      harness.issuer.advance(graceSeconds + 1);
    }
    const failure = await failureOf(send(harness, first, first.token), "a used refresh token still works");
    insist(failure.class === "dead", `a used refresh token is told as ${failure.class}`);
    const survives = harness.issuer.grants.isLive(tokenOf(outcome.stored).reveal());
    insist(rotation !== "family" || !survives, "a replay doesn't end the family");
    const grace = graceSeconds > 0 ? ` after ${graceSeconds} s` : "";
    return `a used refresh token is dead${grace}${rotation === "family" ? ", and its replay ends the grant" : ""}`;
  });
}

function dies(subject: Subject): Promise<string> {
  anyFlow(subject);
  return withHarness(subject, hasSecret(subject), async (harness) => {
    const stored = await renewable(harness);
    harness.issuer.grants.kill();
    await fails(harness, stored, "dead");
    const before = harness.issuer.calls.length;
    await fails(harness, stored, "dead");
    insist(harness.issuer.calls.length === before, "a dead refresh token is sent again");
    return `${codesOf(harness.provider.dialect, "dead")[0]}: log in again; it isn't sent a second time`;
  });
}

function clientRefused(subject: Subject): Promise<string> {
  anyFlow(subject);
  return withHarness(subject, hasSecret(subject), async (harness) => {
    const stored = await renewable(harness);
    const { dialect } = harness.provider;
    const [code] = codesOf(dialect, "client");
    if (code === undefined) throw new Mismatch("no error code means 'client' any more: errors.codes takes them all");
    harness.issuer.failNext(errorReply(dialect, code, 401));
    await fails(harness, stored, "client");
    return `${code}: nothing is lost`;
  });
}

/** What is no answer keeps everything, and the next try works. */
function passes(subject: Subject): Promise<string> {
  anyFlow(subject);
  return withHarness(subject, hasSecret(subject), async (harness) => {
    const stored = await renewable(harness);
    const busy = { status: 503, html: "busy", headers: { "retry-after": "7" } };
    for (const [fault, inDoubt] of [
      [busy, false],
      [{ status: 429, html: "" }, false],
      [{ status: 502, html: "<h1>Bad gateway</h1>" }, true],
    ] as const) {
      harness.issuer.failNext(fault);
      const failure = await failureOf(send(harness, stored, stored.token), `HTTP ${fault.status} is taken for tokens`);
      const told = `${failure.class}${failure.inDoubt ? ", in doubt" : ""}`;
      insist(failure.class === "transient" && failure.inDoubt === inDoubt, `HTTP ${fault.status} is told as ${told}`);
    }
    harness.issuer.failNext({ status: 200, html: "<h1>Sign in</h1>" });
    // Within a grace the program asks again at once (RULES.md 2.4); else whoever asks next does.
    if (harness.provider.dialect.refresh.graceSeconds === 0) await fails(harness, stored, "transient");
    const outcome = await refresh(harness, stored);
    if (outcome.kind === "failed") throw outcome.error;
    return "503, 429, 502 and a page of HTML lose nothing";
  });
}

/** Every code that is declared, with whatever status it comes. */
function classed(subject: Subject): Promise<string> {
  anyFlow(subject);
  const own = Object.entries(subject.definition.errors?.codes ?? {}).map(
    ([code, entry]) => [code, classOf(entry)] as const,
  );
  if (own.length === 0) throw new Skip("the description adds none to those of the RFCs");
  return withHarness(subject, hasSecret(subject), async (harness) => {
    const stored = await renewable(harness);
    for (const [code, means] of own)
      for (const status of BY_STATUS.test(code) ? [400] : [400, 200]) {
        harness.issuer.failNext(errorReply(harness.provider.dialect, code, status));
        const failure = await failureOf(send(harness, stored, stored.token), `${code} is taken for tokens`);
        insist(
          failure.class === means,
          `${code} with HTTP ${failure.status} is told as ${failure.class}, not ${means}`,
        );
      }
    const classes = [...new Set(own.map(([, means]) => means))];
    return classes.map((means) => `${own.filter(([, one]) => one === means).length} ${means}`).join(", ");
  });
}

async function fails(harness: Harness, stored: Stored, means: ErrorClass): Promise<void> {
  const outcome = await refresh(harness, stored);
  if (outcome.kind !== "failed") throw new Mismatch(`what should be told as ${means} is taken for a success`);
  const told = outcome.stored.record.failure?.class;
  insist(told === means, `what should be told as ${means} is told as ${told ?? outcome.error.code}`);
  insist(outcome.stored.record.tokens !== null, "a failed refresh loses the tokens");
}

/** Past the engine, which would not send it: as another program would. */
async function send(harness: Harness, { record }: Stored, refreshToken: Secret): Promise<TokenReply> {
  const { sendRefresh } = await import("../oauth/refresh.ts");
  const { readTokenReply } = await import("../oauth/reply.ts");
  const { server, client, dialect } = await tokenEndpointOf(harness.services, record);
  const scopes = dialect.refresh.scope === "granted" ? (record.tokens?.scopes ?? []) : null;
  const request = { refreshToken, scopes, flow: record.flow, timeout: LIMITS.exchange };
  const raw = await sendRefresh(harness.services.context.http, server, client, request);
  return readTokenReply(server, client, raw, { subject: null, now: Date.now() });
}

async function failureOf(attempt: Promise<unknown>, otherwise: string): Promise<OAuthFailure> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Mismatch(otherwise);
}
