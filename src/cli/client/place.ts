/** The origin that a client belongs to: where its provider's tokens are issued (RULES.md 3.1). */

import { loginSettings } from "../../connections/login/settings.ts";
import { discover } from "../../oauth/discovery.ts";
import { usage } from "../../platform/errors.ts";
import { originOf } from "../../platform/url.ts";
import { resolveProvider } from "../../providers/resolve.ts";
import type { Session } from "../session.ts";

/** @param hint for the error that asks for the issuer */
export async function tokenOrigin(
  session: Session,
  provider: string,
  settings: Readonly<Record<string, string>>,
  issuer: string | null,
  hint: string,
): Promise<string> {
  const definition = await session.registry.get(provider);
  const resolved = resolveProvider(definition, loginSettings(definition, settings, session.context, null).values);
  const from = issuer ?? resolved.issuer;
  const url =
    issuer === null && resolved.endpoints.token !== undefined
      ? resolved.endpoints.token
      : from === null
        ? undefined
        : (await discover(session.context.http, from)).endpoints.token;
  if (url === undefined) throw usage(`${definition.title} needs to know its issuer.`, hint);
  return originOf(url);
}
