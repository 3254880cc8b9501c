/** The way to a token after an API refused one, by what it said (`auth token --challenge -`). */
import { type BearerChallenge, withoutSecrets } from "../oauth/challenge.ts";
import { namedByChallenge } from "../oauth/protected-resource.ts";
import { AuthError } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import type { Secret } from "../platform/secret.ts";
import { shellWord } from "../platform/shell-word.ts";
import { isSameUrl } from "../platform/url.ts";
import { type Access, type AccessOptions, access } from "./access.ts";
import { addScopeFlag, flagWords } from "./login/command.ts";
import { madeFrom, resolveStored } from "./pin.ts";
import { type ConnectionRef, connectionError, display, loginRequired, typed } from "./ref.ts";
import type { Services } from "./services.ts";
import { isJustMinted } from "./status.ts";
import { requireConnection, type Stored } from "./store.ts";

/**
 * `insufficient_scope`: no refresh gives more than the login asked for (RFC 6749 §6), so a login is needed, unless another
 * process has made it since. Anything else: a refresh, at the issuer that the login was made at; where the API takes
 * tokens of another one now, those of this login are of no use to it.
 *
 * @param rejected the token that was refused; null: the stored one, unless that is too new for it
 * @throws AuthError `insufficient_scope`, `login_required`, and as `access` does
 */
export async function accessAfterChallenge(
  services: Services,
  ref: ConnectionRef,
  challenge: BearerChallenge,
  rejected: Secret | null,
  options: AccessOptions,
): Promise<Access> {
  const stored = await requireConnection(services.vault, ref);
  const { tokens } = stored.record;
  if (tokens === null) throw loginRequired(ref);
  if (challenge.error === "insufficient_scope") {
    // Its secrets weren't known when the challenge was read.
    const wanted = withoutSecrets(challenge.scopes);
    const missing = wanted.filter((scope) => !tokens.scopes.includes(scope));
    const isStored = rejected?.equals(tokens.accessToken) === true;
    const isUnnamed = wanted.length === 0 && challenge.scopes.length > 0;
    if (missing.length > 0 || isStored || isUnnamed) throw insufficientScope(ref, wanted, missing);
    return access(services, ref, options);
  }
  await refuseOtherIssuer(services, stored, challenge);
  if (rejected === null && isJustMinted(stored, services.context.now())) {
    const given = await access(services, ref, options);
    return { ...given, warning: given.warning ?? perhapsRefused(ref) };
  }
  return access(services, ref, { ...options, rejected: rejected ?? tokens.accessToken });
}

/** Another process may have got it after the refusal; or it is the one that was refused. */
function perhapsRefused(ref: ConnectionRef): string {
  return `The token of ${display(ref)} was made less than a minute ago. If it is the one that was refused: auth refresh ${typed(ref)} --force`;
}

/** @param missing those of `wanted` that the token doesn't have */
function insufficientScope(ref: ConnectionRef, wanted: readonly string[], missing: readonly string[]): AuthError {
  const named = missing.length > 0 ? missing : wanted;
  const scopes = escapeText(named.join(", "));
  const [message, hint] =
    named.length === 0
      ? [
          `The API wants a scope that the token of ${display(ref)} doesn't have, and doesn't say which.`,
          `Log in for more: auth login ${typed(ref)} --force --add-scope <scope>`,
        ]
      : missing.length > 0
        ? [`The token of ${display(ref)} doesn't have ${scopes}.`, `Log in for it${loginWith(ref, [], named)}`]
        : [
            `The API refused the token of ${display(ref)}, which has ${scopes}.`,
            `The account may lack the permission. To ask once more${loginWith(ref, ["--force"], named)}`,
          ];
  return connectionError(ref, "insufficient_scope", message, { hint });
}

/** The end of a sentence that begins with what the command is for. */
function loginWith(ref: ConnectionRef, flags: readonly string[], scopes: readonly string[]): string {
  const [flag, value] = addScopeFlag(scopes);
  const how = value === "-" ? `, with ${escapeText(scopes.join(" "))} on standard input` : "";
  return `${how}: ${["auth login", typed(ref), ...flags, ...flagWords(flag, value).map((word) => shellWord(word))].join(" ")}`;
}

/** MCP "Authorization Server Binding": found out by the metadata that the refusal names. */
async function refuseOtherIssuer(
  { context, registry }: Services,
  { ref, record }: Stored,
  challenge: BearerChallenge,
): Promise<void> {
  const { pinned } = record;
  if (pinned?.asked === undefined || pinned.issuer === null || challenge.resourceMetadata === null) return;
  const { issuer } = pinned;
  const url = resolveStored(await registry.get(ref.provider), madeFrom(record).settings)?.resource ?? null;
  if (url === null) return;
  let issuers: readonly string[];
  try {
    ({ issuers } = await namedByChallenge(context.http, url, challenge));
  } catch (error) {
    // It changes nothing about where the login's own tokens come from.
    if (!(error instanceof AuthError)) throw error;
    context.debug(`the metadata that the challenge names was not used: ${error.message}`);
    return;
  }
  if (issuers.some((one) => isSameUrl(one, issuer))) return;
  const message = `${url} now takes tokens of ${issuers[0]}, no longer of ${issuer}.`;
  throw connectionError(ref, "login_required", message, { hint: `Log in there: auth login ${typed(ref)} --force` });
}
