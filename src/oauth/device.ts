/** The device flow (RFC 8628): a code to enter on another device, and polls until it is approved. */
import * as v from "valibot";
import { AuthError } from "../platform/errors.ts";
import type { Http } from "../platform/http.ts";
import { HttpError } from "../platform/http-failure.ts";
import { at } from "../platform/json.ts";
import { LIMITS } from "../platform/limits.ts";
import { holdsSecret } from "../platform/redact.ts";
import { knowSecret, Secret } from "../platform/secret.ts";
import { pageFault } from "../platform/url.ts";
import type { Dialect } from "../providers/defaults.ts";
import { decodeBody, isSuccess, readBody } from "./body.ts";
import { classifyReply } from "./classify.ts";
import { secondsOf } from "./expiry.ts";
import { CLIENT, loginError } from "./login-error.ts";
import { readTokenReply } from "./reply.ts";
import { endpointOf, inPlace, resourceOf, type Sending, scopeOf, sendForm, sendGrant, spokenTo } from "./send.ts";
import { type Client, OAuthFailure, type RawReply, type Server, type TokenReply } from "./types.ts";

export interface DeviceAuthorization {
  readonly deviceCode: Secret;
  /** As the provider writes it: escape before showing. */
  readonly userCode: string;
  readonly verificationUri: string;
  readonly verificationUriComplete: string | null;
  /** Seconds. */
  readonly expiresIn: number;
  /** Seconds between two polls. */
  readonly interval: number;
}

/** @throws AuthError when the provider can't be reached, or refuses the client or the scopes */
export async function requestDeviceCode(
  http: Http,
  server: Server,
  client: Client,
  scopes: readonly string[],
  signal?: AbortSignal,
): Promise<DeviceAuthorization> {
  const url = endpointOf(server, "device");
  const { request, parameters: further, needsSecret } = server.dialect.device;
  const spoken = spokenTo(server, request);
  const { own, others } = inPlace(spoken, Object.entries(further));
  const sending = { http, server: spoken, own, client, withSecret: needsSecret, signal };
  try {
    const parameters = { ...others, ...scopeOf(server, scopes), ...resourceOf(server), client_id: client.id };
    return readAuthorization(server, await sendForm(sending, url, parameters));
  } catch (error) {
    throw error instanceof OAuthFailure ? loginError(server, error) : error;
  }
}

const url = v.pipe(
  v.string(),
  v.check((text) => pageFault(URL.parse(text)?.href ?? text) === null),
);
const Authorization = v.object({
  device_code: v.pipe(v.string(), v.nonEmpty(), v.maxLength(8192)),
  user_code: v.pipe(v.string(), v.nonEmpty(), v.maxLength(64)),
  verification_uri: url,
  verification_uri_complete: v.fallback(v.nullable(url), null),
});

/** The dialect with the error codes of a request for a code, or of a poll, which a description may classify differently. */
function withCodes(dialect: Dialect, own: Dialect["device"]["errors"]): Dialect {
  return { ...dialect, errors: { ...dialect.errors, codes: { ...dialect.errors.codes, ...own } } };
}

const ONE_DAY = 24 * 3600;

/** The names in RFC 8628's drafts, which many issuers still use. */
const DRAFT_NAMES: Readonly<Record<string, string>> = {
  verification_uri: "verification_url",
  verification_uri_complete: "verification_url_complete",
};

/** RFC 8628 §3.2: under the provider's own names, the standard's, or its drafts'. */
function readAuthorization(server: Server, raw: RawReply): DeviceAuthorization {
  const body = readBody(raw);
  const { fields } = server.dialect.device;
  const field = (name: keyof typeof fields): unknown =>
    [fields[name] ?? name, name, DRAFT_NAMES[name] ?? name]
      .map((path) => at(body, path))
      .find((value) => value !== undefined && value !== null);
  const parsed = v.safeParse(Authorization, {
    device_code: field("device_code"),
    user_code: field("user_code"),
    verification_uri: field("verification_uri"),
    verification_uri_complete: field("verification_uri_complete") ?? null,
  });
  if (typeof field("device_code") === "string") knowSecret(String(field("device_code")));
  if (
    body === null ||
    !isSuccess(raw) ||
    !parsed.success ||
    [parsed.output.user_code, parsed.output.verification_uri].some(holdsSecret)
  )
    throw classifyReply(raw, body, withCodes(server.dialect, server.dialect.device.errors), Date.now());
  const complete = parsed.output.verification_uri_complete;
  return {
    deviceCode: new Secret(parsed.output.device_code),
    userCode: parsed.output.user_code,
    verificationUri: parsed.output.verification_uri,
    verificationUriComplete: complete !== null && holdsSecret(complete) ? null : complete,
    expiresIn: Math.min(seconds(field("expires_in")) || 600, ONE_DAY),
    interval: Math.min(seconds(field("interval")) || DEFAULT_INTERVAL, LONGEST_INTERVAL),
  };
}

/** RFC 8628 §3.2, §3.5. */
const DEFAULT_INTERVAL = 5;
const SLOWER = 5;
const LONGEST_INTERVAL = 60;
/** Seconds between two polls at most, however bad the network. */
const LONGEST_PAUSE = 30;

function seconds(value: unknown): number {
  return secondsOf(value, "seconds", 0) ?? 0;
}

export interface DevicePolling {
  /** Milliseconds since the epoch, by `now`. */
  readonly deadline: number;
  now(): number;
  /** Milliseconds. Ends early, without an error, when the signal is given. */
  readonly sleep?: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  /** Ends the wait between two polls; the reply to a poll is waited for. */
  readonly signal?: AbortSignal;
  /** The `claims` that the provider demands. */
  readonly claims?: string | null;
}

/**
 * Polls until the person decides. Temporary failures (network, timeout, 5xx, an HTML page) don't end the wait; only the
 * provider's answer or the deadline does.
 * @throws AuthError `access_denied`, `login_timeout`, `interrupted`, or the provider's error about the client
 */
export async function pollDevice(
  http: Http,
  server: Server,
  client: Client,
  authorization: DeviceAuthorization,
  polling: DevicePolling,
): Promise<TokenReply> {
  const { deadline, now, sleep = pause, signal, claims } = polling;
  const { poll: different } = server.dialect.device;
  const dialect = withCodes(server.dialect, different?.errors);
  const polled = spokenTo({ ...server, dialect }, different?.request);
  let interval = authorization.interval;
  let failures = 0;
  let unclear: OAuthFailure | null = null;
  for (;;) {
    const wait = Math.min(interval * 2 ** failures, Math.max(interval, LONGEST_PAUSE));
    await sleep(Math.max(0, Math.min(wait * 1000, deadline - now())), signal);
    if (signal?.aborted)
      throw new AuthError("interrupted", "The login was interrupted.", { hint: "No login was stored." });
    if (now() >= deadline) throw notApproved(server, unclear);
    const timeout = Math.min(LIMITS.exchange, deadline - now());
    const withSecret = server.dialect.device.needsSecret;
    // Not ended by the signal: the reply may bring the approval.
    const sending = { http, server: polled, client, withSecret, timeout };
    const parameters = { device_code: authorization.deviceCode.reveal(), ...(claims ? { claims } : {}) };
    const answer = await poll(sending, parameters, now());
    if (answer.kind === "approved") return answer.reply;
    const { failure } = answer;
    unclear = null;
    // An answer without an error code decides nothing (RFC 8628 §3.5): the wait goes on.
    switch (failure.class === "refused" && failure.providerError === null ? "transient" : failure.class) {
      case "pending":
        failures = 0;
        break;
      case "slow_down":
        // Permanently (RFC 8628 §3.5). Some say how slow.
        interval = Math.max(interval + SLOWER, answer.interval);
        failures = 0;
        break;
      case "transient":
        if (failure.unreadable || isLasting(failure)) throw loginError(server, failure);
        failures = Math.min(failures + 1, 10);
        unclear = failure;
        break;
      default:
        throw loginError(server, failure);
    }
  }
}

/** @param last the answer to the last poll, where it didn't say whether anyone has decided */
function notApproved({ dialect }: Server, last: OAuthFailure | null): AuthError {
  const isRefusal = (last?.status ?? 500) < 500;
  const why =
    last === null ? "" : `The last poll was answered by: ${last.reason}.${isRefusal ? ` Check ${CLIENT}.` : ""}\n`;
  return new AuthError("login_timeout", `The login at ${dialect.title} was not approved in time.`, {
    hint: `${why}Log in again.`,
    ...(last !== null && { detail: last.description, cause: last }),
  });
}

type Answer =
  | { readonly kind: "approved"; readonly reply: TokenReply }
  /** `interval`: the seconds that the provider asks for; 0 where it doesn't. */
  | { readonly kind: "not yet"; readonly failure: OAuthFailure; readonly interval: number };

async function poll(sending: Sending, parameters: Readonly<Record<string, string>>, now: number): Promise<Answer> {
  const { server, client } = sending;
  let interval = 0;
  try {
    const type = "urn:ietf:params:oauth:grant-type:device_code";
    const raw = await sendGrant(sending, {
      type,
      parameters,
      url: server.endpoints.poll ?? endpointOf(server, "token"),
    });
    // Some report a pending decision by the status alone. Only a description can make that an error of the client.
    if (!isSuccess(raw) && decodeBody(raw) === "") throw classifyReply(raw, {}, server.dialect, now);
    interval = Math.min(
      seconds(at(readBody(raw), server.dialect.device.fields.interval ?? "interval")),
      LONGEST_INTERVAL,
    );
    return { kind: "approved", reply: await readTokenReply(server, client, raw, { subject: null, now, login: true }) };
  } catch (failure) {
    if (failure instanceof OAuthFailure) return { kind: "not yet", failure, interval };
    throw failure;
  }
}

/** Sleeps until the time is over or the signal is aborted. */
async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  const { setTimeout: sleep } = await import("node:timers/promises");
  // It rejects only where the signal was aborted.
  await sleep(milliseconds, undefined, { signal }).catch(() => {});
}

/** A permanent failure below HTTP: a certificate, a proxy that wants a login. */
function isLasting({ cause }: OAuthFailure): boolean {
  return cause instanceof HttpError && cause.lasting;
}
