/** `status --check`: asks each provider whether it still accepts the token. The only part of `status` that uses the network. */
import { tokenEndpointOf } from "../connections/token-endpoint.ts";
import { askAccount } from "../oauth/account.ts";
import type { Server } from "../oauth/types.ts";
import { LIMITS } from "../platform/limits.ts";
import { originOf } from "../platform/url.ts";
import { byName } from "../providers/companions.ts";
import type { EnvironmentToken } from "../providers/environment.ts";
import { resolveProvider } from "../providers/resolve.ts";
import { companionsFor } from "./companions.ts";
import type { Shown } from "./entries.ts";
import { type Session, servicesFor } from "./session.ts";
import { connectionsOf } from "./stored.ts";

export interface CheckResult {
  readonly check: "accepted" | "refused" | "unreachable" | "unsupported";
  /** Why the provider could not be asked; null where it was. */
  readonly reason: string | null;
}

const UNSUPPORTED: CheckResult = { check: "unsupported", reason: null };

export async function checkToken(session: Session, { entry, stored, environment }: Shown): Promise<CheckResult> {
  if (environment !== undefined) return checkEnvironment(session, entry.provider, environment);
  const tokens = stored?.record.tokens;
  if (stored === null || !tokens || stored.record.pinned === null) return UNSUPPORTED;
  const { server, client } = await tokenEndpointOf(await servicesFor(session, stored.ref), stored.record);
  return askWhetherAccepted(session, server, client.proof === undefined ? tokens : { ...tokens, proof: client.proof });
}

/** A token in the environment: at the host that its variables name, without discovery. */
async function checkEnvironment(
  session: Session,
  provider: string,
  { token, settings }: EnvironmentToken,
): Promise<CheckResult> {
  const { dialect, endpoints } = resolveProvider(await session.registry.get(provider), settings);
  const { userinfo } = endpoints;
  if (userinfo === undefined || !(await mayBeSentTo(session, provider, userinfo))) return UNSUPPORTED;
  const companions = byName(companionsFor(dialect, { stored: null }, session.context.env));
  const server = { dialect, issuer: null, endpoints, issRequired: false, companions };
  return askWhetherAccepted(session, server, { accessToken: token });
}

/** A token in the environment goes to a third party's origin only after a login there (PROVIDERS.md). */
async function mayBeSentTo(session: Session, provider: string, url: string): Promise<boolean> {
  if (!(await session.registry.isPlugin(provider))) return true;
  return (await connectionsOf(session)).some(
    ({ ref, record }) => ref.provider === provider && record.pinned?.origins.includes(originOf(url)) === true,
  );
}

async function askWhetherAccepted(
  { context }: Session,
  server: Server,
  tokens: Parameters<typeof askAccount>[2],
): Promise<CheckResult> {
  const answer = await askAccount(context.http, server, tokens, { timeout: LIMITS.account });
  switch (answer.kind) {
    case "known":
      return { check: "accepted", reason: null };
    case "contradicted":
      // The token is of another account than this login.
      return { check: "refused", reason: null };
    default:
      return { check: answer.kind, reason: answer.kind === "unreachable" ? answer.reason : null };
  }
}
