/**
 * Takes over a login that another program made, as it is: nothing is sent with its refresh token before it is stored and
 * its old holder has lost it (RULES.md 2.6). The refresh that comes when it is due is the engine's, like any other.
 */
import { bareReply } from "../oauth/types.ts";
import { AuthError } from "../platform/errors.ts";
import type { Secret } from "../platform/secret.ts";
import { syntaxFault } from "../platform/syntax.ts";
import { identify, refuseOtherAccount } from "./login/identity.ts";
import { pastedToken } from "./login/pasted-token.ts";
import { planLogin } from "./login/plan.ts";
import type { LoginRequest, LoginUi } from "./login/request.ts";
import { storeLogin } from "./login/store.ts";
import { interrupted, untilInterrupted } from "./login/withdraw.ts";
import { refuseTakenName, revokeReplacedToken } from "./login.ts";
import { vaultName } from "./ref.ts";
import type { Services } from "./services.ts";
import { listReadable, type Stored } from "./store.ts";
import { refreshFingerprint } from "./tokens.ts";

/** The tokens as the other program kept them. */
export interface ForeignTokens {
  readonly accessToken: Secret;
  /** null: an access token alone, or a key. */
  readonly refreshToken: Secret | null;
  readonly idToken: Secret | null;
  /** Milliseconds since the epoch; null: it isn't known. */
  readonly expiresAt: number | null;
  readonly scopes: readonly string[] | null;
  /** As the other program calls the account. */
  readonly account: string | null;
}

/**
 * @param request with the client that the tokens were given to, or with the access token alone as its `token`
 * @param interruption ends it before anything is stored
 */
export async function importTokens(
  services: Services,
  request: LoginRequest,
  tokens: ForeignTokens,
  ui: LoginUi,
  interruption: AbortSignal,
): Promise<Stored> {
  await refuseTakenName(services, request);
  await services.vault.requireWritable(vaultName(request.ref));
  const planned = await untilInterrupted(interruption, planLogin(services, request));
  const now = services.context.now();
  const { accessToken, refreshToken, idToken, expiresAt, scopes } = tokens;
  const expiresIn = expiresAt === null ? null : Math.max(0, Math.floor((expiresAt - now) / 1000));
  if (refreshToken !== null) requireSyntax(refreshToken);
  const plan = refreshToken === null ? planned : { ...planned, refreshToken };
  const reply =
    refreshToken === null
      ? { ...(await pastedToken(plan, ui, now)), ...(expiresIn !== null && { expiresIn }) }
      : bareReply(accessToken, { refreshToken, idToken, expiresIn, scopes });
  // One that is over tells no one whose it is.
  const lives = expiresIn === null || expiresIn > 0;
  const asked = lives && request.verify ? identify(services, plan, reply, ui) : Promise.resolve(null);
  const identity = await untilInterrupted(interruption, asked);
  const { account: label } = tokens;
  const account = identity?.account ?? (label === null ? null : { id: null, label, organization: null });
  await refuseOtherAccount(plan, account, ui);
  const kept = { ...reply, scopes: reply.scopes ?? identity?.scopes ?? null };
  if (interruption.aborted) throw interrupted();
  const { stored, replaced } = await storeLogin(services, plan, kept, account);
  if (replaced !== null) await revokeReplacedToken(services, plan, stored, replaced, ui);
  return stored;
}

/** The connection that holds this refresh token or access token already. */
export async function holderOf(
  { vault }: Pick<Services, "vault">,
  { accessToken, refreshToken }: { readonly accessToken: Secret | null; readonly refreshToken: Secret | null },
): Promise<Stored | null> {
  const fingerprint = await refreshFingerprint(vault, refreshToken);
  const holds = ({ record: { tokens } }: Stored): boolean => {
    if (tokens === null) return false;
    if (fingerprint !== null) return tokens.refreshFingerprint === fingerprint;
    return accessToken !== null && tokens.refreshToken === null && tokens.accessToken.equals(accessToken);
  };
  return (await listReadable(vault)).find(holds) ?? null;
}

function requireSyntax(refreshToken: Secret): void {
  const fault = syntaxFault("refresh token", refreshToken.reveal());
  if (fault === null) return;
  throw new AuthError("token_rejected", `${fault}.`, {
    hint: "The file that holds it may be damaged. Nothing was sent or stored.",
  });
}
