/** Settings that the provider reports at a login: accepted where the description allows them, and never changed later. */
import { AuthError } from "../platform/errors.ts";
import { originOf } from "../platform/url.ts";
import type { Flow, ProviderDefinition } from "../providers/schema.ts";
import { checkSetting } from "../providers/settings.ts";
import { type CheckCase, errorOf, insist, Skip, type Subject } from "./check.ts";
import { type Harness, withHarness } from "./harness.ts";
import { anyFlow } from "./logins.ts";

export const REPORTED_SETTINGS: readonly CheckCase[] = [
  { name: "settings that the provider says", run: reportedIsStored },
  { name: "settings that it may not say", run: foreignIsRefused },
];

async function reportedIsStored(subject: Subject): Promise<string> {
  const flow = flowFor(subject);
  return withHarness(subject, async ({ issuer, login, refresh }) => {
    const first = await login(flow);
    const said = Object.entries(issuer.place.values);
    for (const [name, value] of said)
      insist(
        first.record.settings[name] === value,
        `${name} is ${first.record.settings[name]}, though it says ${value}`,
      );
    const origins = first.record.pinned?.origins ?? [];
    const places = Object.values(issuer.endpoints).map(originOf);
    insist(
      places.every((origin) => origins.includes(origin)),
      "the login isn't pinned to where its endpoints are then",
    );
    if (first.record.tokens?.refreshToken) {
      const second = await refresh(first);
      insist(JSON.stringify(second.record.pinned) === JSON.stringify(first.record.pinned), "a refresh moves the login");
    }
    return said.map(([name, value]) => `${name} ${value}`).join(", ");
  });
}

/** One of another domain is refused before anything is stored, and the tokens are revoked. */
async function foreignIsRefused(subject: Subject): Promise<string> {
  const flow = flowFor(subject);
  for (const [name, setting] of reportedOf(subject.definition))
    for (const strange of STRANGE) {
      insist("fault" in checkSetting(setting, strange), `settings.${name} takes ${strange}, which is nobody's`);
      await withHarness(subject, (harness) => refuses(harness, flow, name, strange));
    }
  return "anything else is refused, and nothing is stored";
}

const STRANGE = ["elsewhere.invalid/", "https://user@elsewhere.invalid", "../elsewhere"];

async function refuses({ issuer, services, login }: Harness, flow: Flow, name: string, value: string): Promise<string> {
  issuer.place.reportStrange(name, value);
  const error = await errorOf(AuthError, login(flow), `a login at which ${name} is ${value} is stored`);
  insist(error.code === "origin_mismatch", `${name} as ${value} is reported as ${error.code}: ${error.message}`);
  insist((await services.vault.list("connection")).length === 0, "a refused login is stored");
  if (issuer.endpoints.revocation !== undefined) insist(!issuer.grants.anyLive(), "what came is not revoked");
  return name;
}

/** A setting from the browser's answer isn't reported in other flows. */
function flowFor(subject: Subject): "device" | "browser" {
  const reported = reportedOf(subject.definition);
  if (reported.length === 0) throw new Skip("it says none");
  return reported.some(([, { from }]) => from?.answer !== undefined) ? "browser" : anyFlow(subject);
}

function reportedOf({ settings = {} }: ProviderDefinition) {
  return Object.entries(settings).filter(([, { from }]) => from !== undefined);
}
