/** Whose the tokens of a login are, and whether they may take the place of what is stored. */
import { askAccount } from "../../oauth/account.ts";
import type { Account, TokenReply } from "../../oauth/types.ts";
import { AuthError } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import { LIMITS } from "../../platform/limits.ts";
import { connectionError, display } from "../ref.ts";
import type { Services } from "../services.ts";
import { keepOrReplace, loginCommand } from "./command.ts";
import type { LoginPlan } from "./plan.ts";
import type { LoginUi } from "./request.ts";

export interface Identity {
  readonly account: Account | null;
  /** Granted, where the provider says so with the account. */
  readonly scopes: readonly string[] | null;
}

const UNKNOWN: Identity = { account: null, scopes: null };

/** Asks whose the tokens are. Only a pasted token that the provider refuses is an error: it was never good. */
export async function identify(services: Services, plan: LoginPlan, reply: TokenReply, ui: LoginUi): Promise<Identity> {
  const { server, client, request } = plan;
  const isPasted = plan.flow === "token";
  // The description names the account of a minted token; an endpoint for people's accounts doesn't know it.
  if (plan.mint !== undefined) return { account: reply.account, scopes: null };
  if (isPasted && !request.verify) return UNKNOWN;
  const { title } = plan.provider.definition;
  const tokens = client?.proof === undefined ? reply : { ...reply, proof: client.proof };
  const answer = await askAccount(services.context.http, server, tokens, { timeout: LIMITS.account });
  if (answer.kind === "known") return answer;
  if (answer.kind === "unsupported") return UNKNOWN;
  if (answer.kind === "contradicted")
    throw new AuthError("access_denied", `${title} names another account than its identity token does.`, {
      hint: "Nothing was stored. Log in again; if it happens again, the issuer's operator has to mend this.",
    });
  if (answer.kind === "refused" && isPasted)
    throw new AuthError("token_rejected", `${title} does not accept this token (HTTP ${answer.status}).`, {
      hint: `Nothing was stored. ${remedyFor(plan, answer.status)}`,
    });
  const why = answer.kind === "unreachable" ? answer.reason : `HTTP ${answer.status}`;
  ui.warn(
    isPasted
      ? `${title} could not be asked whose token this is (${why}); it was stored all the same.`
      : `${title} did not say whose login this is (${why}).`,
  );
  return UNKNOWN;
}

function remedyFor({ provider: { definition }, request }: LoginPlan, status: number): string {
  const { unasked } = request;
  if (status !== 403 && unasked === undefined)
    return "Check that the whole token was pasted, and that it is for this host.";
  const command = unasked ?? loginCommand(definition, request, { "no-verify": true, token: "-" });
  const why = status === 403 ? "lack the permission to say whose it is" : "be over, or for another host";
  return `The token may ${status === 403 ? "be good and " : ""}${why}.\nStore it unasked: ${command}`;
}

/** The login of another account needs `--force`, or a yes where a token is pasted: whose it is shows only then. */
export async function refuseOtherAccount(plan: LoginPlan, account: Account | null, ui: LoginUi): Promise<void> {
  const { request, provider, existing } = plan;
  const held = existing?.record.account;
  if (request.force || !held?.id || !account?.id || held.id === account.id) return;
  // Settings that lead elsewhere were edited on purpose, and ids of another place can't be compared.
  if (existing?.record.pinned === null) return;
  const isPasted = plan.flow === "token";
  const given = isPasted ? `this is a token of ${nameOf(account)}` : `you logged in as ${nameOf(account)}`;
  const message = `${display(request.ref)} belongs to ${nameOf(held)}; ${given}.`;
  const answer = isPasted ? ((await ui.confirm?.(`${message} Replace it?`)) ?? null) : false;
  if (answer === true) return;
  const ways = keepOrReplace(provider.definition, request, isPasted ? { token: "-" } : {});
  throw connectionError(request.ref, answer === null ? "usage" : "access_denied", message, {
    hint: isPasted ? `Nothing was stored.\n${ways}` : ways,
  });
}

function nameOf({ label, id }: Account): string {
  return escapeText(label ?? id ?? "another account");
}
