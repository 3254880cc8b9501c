/** Runs a planned flow to its end: tokens, and who they belong to. */

import type { Client, TokenReply } from "../../oauth/types.ts";
import { AuthError, usage } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Secret } from "../../platform/secret.ts";
import { originNamed } from "../../providers/belonging.ts";
import { matches } from "../../providers/pattern.ts";
import { typed } from "../ref.ts";
import type { Services } from "../services.ts";
import { mintFirst, redeem } from "./mint.ts";
import type { LoginPlan } from "./plan.ts";
import type { LoginUi } from "./request.ts";

/** @throws AuthError `access_denied`, `login_timeout`, `token_rejected`, network and client errors */
export function runFlow(services: Services, plan: LoginPlan, ui: LoginUi): Promise<TokenReply> {
  if (plan.mint !== undefined) return mintFirst(services, plan, plan.mint);
  if (plan.refreshToken !== undefined) return redeem(services, plan, plan.refreshToken);
  switch (plan.flow) {
    case "device":
      return device(services, plan, ui);
    case "browser":
      return browser(services, plan, ui);
    case "token":
      return token(plan, ui);
    case "code":
      return code(services, plan);
    default:
      throw usage(`${plan.provider.definition.title} has no ${plan.flow} flow.`, "Choose another with --flow.");
  }
}

async function device({ context }: Services, plan: LoginPlan, ui: LoginUi): Promise<TokenReply> {
  const { pollDevice, requestDeviceCode } = await import("../../oauth/device.ts");
  const client = requireClient(plan);
  const code = await requestDeviceCode(context.http, plan.server, client, plan.scopes);
  const limit = Math.min(
    code.expiresIn * 1000,
    plan.request.timeout ?? (context.env.CI ? LIMITS.deviceLoginInCi : Number.POSITIVE_INFINITY),
  );
  await ui.deviceCode(code, limit);
  return pollDevice(context.http, plan.server, client, code, {
    deadline: context.now() + limit,
    now: context.now,
    ...(context.sleep && { sleep: context.sleep }),
    signal: ui.signal,
    claims: claimsOf(plan),
  });
}

const LONGEST_CLAIMS = 8 * 1024;

/**
 * What the provider said, refusing a refresh, that the next login has to carry (a claims challenge): the login's own
 * refresh first, else one for a further API.
 */
function claimsOf({ existing }: LoginPlan): string | null {
  const { failure = null, resources = {} } = existing?.record ?? {};
  const asked = [failure, ...Object.values(resources).map((one) => one.failure)].map((one) => one?.claims ?? null);
  return asked.find((claims) => claims !== null && claims.length <= LONGEST_CLAIMS) ?? null;
}

async function browser({ context }: Services, plan: LoginPlan, ui: LoginUi): Promise<TokenReply> {
  const { exchangeCode, startBrowserLogin } = await import("../../oauth/browser.ts");
  const { pushedUrl } = await import("../../oauth/pushed.ts");
  const client = requireClient(plan);
  const login = await startBrowserLogin(plan.server, client, {
    scopes: plan.scopes,
    port: plan.request.port,
    redirectUri: redirectOf(plan),
    timeout: plan.request.timeout ?? LIMITS.browserLogin,
    claims: claimsOf(plan),
    signal: ui.signal,
  });
  try {
    const url = await pushedUrl(context.http, plan.server, client, login.url);
    const { pasted } = await ui.authorize(url, login.redirectUri);
    const authorization = await Promise.race([
      login.callback,
      ...(pasted === undefined ? [] : [pasted.then((url) => login.accept(url))]),
    ]);
    const reply = await exchangeCode(context.http, plan.server, client, authorization, context.now());
    await login.succeed();
    return reply;
  } catch (error) {
    if (error instanceof AuthError) await login.fail(error);
    throw error;
  } finally {
    login.close();
  }
}

/** A code that someone has already, because the provider sent it elsewhere. */
async function code({ context }: Services, plan: LoginPlan): Promise<TokenReply> {
  const { redeemCode } = await import("../../oauth/code.ts");
  const { credential, ref } = plan.request;
  if (credential?.code === undefined)
    throw usage(
      `${plan.provider.definition.title} needs the code that it gave out.`,
      `Give it on standard input: auth login ${typed(ref)} --flow code --code -`,
    );
  return redeemCode(context.http, plan.server, requireClient(plan), credential.code, redirectOf(plan), context.now());
}

/** A pasted token or key is taken as it is: nothing says how long it lives, and nothing renews it. */
async function token(plan: LoginPlan, ui: LoginUi): Promise<TokenReply> {
  const accessToken =
    plan.request.token ?? (await ui.askToken(plan.provider.definition.title, plan.provider.apiKey?.create ?? null));
  if (accessToken === null)
    throw usage(
      `${plan.provider.definition.title} needs a token.`,
      `Give it on standard input: auth login ${plan.request.ref.provider} --token -`,
    );
  checkPattern(plan, accessToken);
  checkPlace(plan, accessToken);
  return {
    accessToken,
    tokenType: "bearer",
    expiresIn: null,
    refreshToken: null,
    refreshExpiresIn: null,
    scopes: null,
    idToken: null,
    account: null,
    extra: {},
  };
}

function checkPattern(plan: LoginPlan, token: Secret): void {
  const pattern = plan.provider.apiKey?.pattern ?? null;
  if (pattern === null || matches(pattern, token.reveal())) return;
  throw new AuthError("token_rejected", `This is not a key of the form ${pattern}.`, {
    hint: "Check that the whole key was pasted. Nothing was stored.",
  });
}

/** Before it is sent to anyone, if only to ask whose it is (RULES.md 3.1). */
function checkPlace({ provider, request }: LoginPlan, token: Secret): void {
  const origin = originNamed(provider.definition, token.reveal());
  if (origin === null || provider.origins.includes(origin)) return;
  const { host } = provider.definition.settings ?? {};
  const there = host?.kind === "host" ? ` --host ${new URL(origin).host}` : "";
  throw new AuthError("origin_mismatch", `This token belongs to ${origin}, and would have gone elsewhere.`, {
    hint: `Nothing was sent or stored. Log in there: auth login ${request.ref.provider} -p NAME${there} --token -`,
  });
}

/** Some have to be told it at each refresh too, and keep it as a setting. */
function redirectOf({ request, provider }: LoginPlan): string | null {
  return request.redirectUri ?? provider.settings.redirectUri ?? null;
}

function requireClient(plan: LoginPlan): Client {
  if (plan.client === null) throw usage(`${plan.provider.definition.title} needs a client.`);
  return plan.client;
}
