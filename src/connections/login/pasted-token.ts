/** A token or key that a person pastes: it is checked before it is sent anywhere. */
import { secondsToExp } from "../../oauth/expiry.ts";
import { decodeJwt } from "../../oauth/idtoken.ts";
import { bareReply, type TokenReply } from "../../oauth/types.ts";
import { AuthError, usage } from "../../platform/errors.ts";
import type { Secret } from "../../platform/secret.ts";
import { syntaxFault, wrappingOf } from "../../platform/syntax.ts";
import { originNamed } from "../../providers/environment.ts";
import { matches } from "../../providers/pattern.ts";
import { flagOf } from "../../providers/settings.ts";
import { loginCommand } from "./command.ts";
import type { LoginPlan } from "./plan.ts";
import type { LoginUi } from "./request.ts";

/** Asks for the token or key. Only the token itself can tell how long it lives, and nothing renews it. */
export async function pastedToken(plan: LoginPlan, ui: LoginUi, now: number): Promise<TokenReply> {
  const accessToken =
    plan.request.token ?? (await ui.askToken(plan.provider.definition.title, plan.provider.apiKey.create));
  if (accessToken === null)
    throw usage(
      `${plan.provider.definition.title} needs a token.`,
      `Give it on standard input: ${loginCommand(plan.provider.definition, plan.request, { token: "-" })}`,
    );
  checkWrapping(plan, accessToken);
  checkSyntax(accessToken);
  checkPattern(plan, accessToken);
  checkPlace(plan, accessToken);
  return bareReply(accessToken, { ownExpiresIn: secondsToExp(decodeJwt(accessToken.reveal())?.claims, now) });
}

/**
 * A key of the form that its description, or `--pattern`, gives is one, whatever it looks like.
 * @throws AuthError `token_rejected`
 */
function checkWrapping({ provider, request }: LoginPlan, token: Secret): void {
  const how = wrappingOf(token.reveal());
  if (how === null || provider.apiKey.pattern !== null) return;
  const { definition } = provider;
  const isFormGiven = definition.settings?.pattern?.kind === "pattern";
  const insist = isFormGiven
    ? `\nIf that is the whole key: ${loginCommand(definition, request, { pattern: ".*", token: "-" })}`
    : "";
  throw new AuthError("token_rejected", `This is more than a token: ${how}.`, {
    hint: `Paste the token alone. Nothing was stored.${insist}`,
  });
}

/** A zero-width space, a letter that only looks right, the colours of a terminal: none is part of a token. */
function checkSyntax(token: Secret): void {
  const fault = syntaxFault("access token", token.reveal());
  if (fault === null) return;
  throw new AuthError("token_rejected", `${fault}.`, {
    hint: "Check that nothing but the token was pasted, and copy it from its source again. Nothing was stored.",
  });
}

function checkPattern(plan: LoginPlan, token: Secret): void {
  const pattern = plan.provider.apiKey.pattern;
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
  const there = host?.kind === "host" ? { [flagOf("host", host)]: new URL(origin).host } : {};
  const command = loginCommand(provider.definition, request, { profile: "NAME", ...there, token: "-" });
  throw new AuthError("origin_mismatch", `This token belongs to ${origin}, and would have gone elsewhere.`, {
    hint: `Nothing was sent or stored. Log in there: ${command}`,
  });
}
