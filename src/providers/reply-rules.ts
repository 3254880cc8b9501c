/** Rules about replies: lifetimes and renewal have to fit together. */
import type { Rule } from "./check.ts";
import { flowsOf, REFRESHING } from "./flows.ts";

const lifetimesAreTold: Rule = ({ reply, refresh }, report) => {
  const { path, others = [] } = reply?.expiry ?? {};
  for (const [i, other] of others.entries())
    if ([path ?? "expires_in", ...others.slice(0, i).map((one) => one.path)].includes(other.path))
      report(`reply.expiry.others.${i}.path`, `does nothing: ${other.path} is looked at before`);
  const { slidingSeconds, absoluteSeconds } = refresh?.lifetime ?? {};
  if (slidingSeconds !== undefined && absoluteSeconds !== undefined && slidingSeconds >= absoluteSeconds)
    report("refresh.lifetime.slidingSeconds", "does nothing: absoluteSeconds ends before it");
};

const tokenLivesOn: Rule = ({ reply, refresh }, report) => {
  if (refresh?.keepsAccessToken !== undefined && Object.keys(refresh.keepsAccessToken).length === 0)
    report("refresh.keepsAccessToken", "must name a field and its value: any reply would say so");
  if (refresh?.keepsAccessToken !== undefined && refresh.killsAccessToken === true)
    report("refresh.keepsAccessToken", "makes no sense: the old access token dies (refresh.killsAccessToken)");
  if (Object.hasOwn(refresh?.keepsAccessToken ?? {}, reply?.accessToken ?? "access_token"))
    report("refresh.keepsAccessToken", "makes no sense: a reply that has an access token brings a new one");
};

const longLivedIsWhole: Rule = (definition, report) => {
  const { longLived, endpoints, variants = [] } = definition;
  if (longLived === undefined) {
    if ([endpoints, ...variants.map((variant) => variant.endpoints)].some((layer) => layer?.exchange !== undefined))
      report("endpoints.exchange", "does nothing without longLived");
    return;
  }
  if (!flowsOf(definition).some(({ flow }) => REFRESHING.includes(flow)))
    report("longLived", "does nothing without a flow with a person: browser, device or code");
  if (["grant_type", "client_id", "client_secret"].includes(longLived.parameter))
    report("longLived.parameter", `can't be ${longLived.parameter}: the request has one of its own`);
};

export const REPLY_RULES: readonly Rule[] = [lifetimesAreTold, tokenLivesOn, longLivedIsWhole];
