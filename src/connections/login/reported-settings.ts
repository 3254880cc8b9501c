/** A login that goes on where the provider says that the account is: its API, or its token endpoint, has a host of its own. */

import type { ReportedSettings } from "../../oauth/reported-settings.ts";
import type { Secret } from "../../platform/secret.ts";
import { originOf } from "../../platform/url.ts";
import { dialectOf, isMintingFlow } from "../../providers/minting.ts";
import { applyOverrides } from "../../providers/overrides.ts";
import { type Endpoints, resolveProvider } from "../../providers/resolve.ts";
import { acceptReported } from "../reported-settings.ts";
import type { LoginPlan } from "./plan.ts";
import type { LoginUi } from "./request.ts";

/**
 * @param secrets what came beside what was said
 * @param ui is shown what is new
 * @throws AuthError `origin_mismatch` for what the description doesn't allow
 */
export function atReportedPlace(
  plan: LoginPlan,
  said: ReportedSettings,
  secrets: readonly Secret[],
  ui: LoginUi,
): LoginPlan {
  const { definition, settings } = plan.provider;
  const reported = acceptReported(definition, said, secrets);
  const news = Object.entries(reported).filter(([name, value]) => settings[name] !== value);
  for (const [name, value] of news) ui.warn(`${name} from ${definition.title}: ${value}`);
  if (news.length === 0) return plan;

  const moved = applyOverrides(resolveProvider(definition, { ...settings, ...reported }), plan.overrides);
  // A login without a person has only some of the endpoints, and another dialect.
  const minting = isMintingFlow(plan.flow);
  const endpoints = minting ? onlyNamed(moved.endpoints, plan.server.endpoints) : moved.endpoints;
  const dialect = minting ? dialectOf(definition, plan.flow, moved.settings) : moved.dialect;
  const { revocation } = moved.endpoints;
  const start = plan.server.endpoints.token;
  return {
    ...plan,
    provider: { ...moved, dialect, endpoints },
    settings: { ...plan.settings, values: moved.settings },
    server: { ...plan.server, dialect, endpoints },
    ...(start !== undefined && plan.startOrigin === undefined && { startOrigin: originOf(start) }),
    ...(plan.mintRevocation !== undefined && revocation !== undefined && { mintRevocation: { revocation } }),
  };
}

function onlyNamed(all: Endpoints, wanted: Endpoints): Endpoints {
  return Object.fromEntries(Object.entries(all).filter(([name]) => Object.hasOwn(wanted, name)));
}
