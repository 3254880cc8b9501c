/** The secrets that go with a login's tokens: each from the first that has it, before the login begins. */
import { usage } from "../../platform/errors.ts";
import { ownValue } from "../../platform/json.ts";
import type { Secret } from "../../platform/secret.ts";
import {
  acceptCompanion,
  byName,
  companionHeaders,
  companionsFromEnvironment,
  secretCompanions,
  variableOf,
} from "../../providers/companions.ts";
import { flagOf } from "../../providers/settings.ts";
import type { Services } from "../services.ts";
import { loginCommand } from "./command.ts";
import type { LoginPlan } from "./plan.ts";
import type { LoginUi } from "./request.ts";

/** The plan with them: flag, environment, the login that is replaced, a person. @throws AuthError `usage` for one that lacks */
export async function withCompanions({ context }: Services, plan: LoginPlan, ui: LoginUi): Promise<LoginPlan> {
  const { provider, request, client, server } = plan;
  const { definition, dialect } = provider;
  if (Object.keys(dialect.companions).length === 0) return plan;
  const found = companionsFromEnvironment(definition, context.env);
  const kept = isSamePlace(plan) ? (plan.existing?.record.companions ?? {}) : {};
  const companions: Record<string, Secret> = {};
  for (const [name, companion] of secretCompanions(dialect)) {
    const given = ownValue(request.companions, name);
    const inEnvironment = ownValue(found, name);
    if (given === undefined && inEnvironment !== undefined)
      ui.warn(`${companion.title} is taken from ${inEnvironment.variable}.`);
    const secret = given ?? inEnvironment?.secret ?? ownValue(kept, name) ?? null;
    const known = secret ?? (companion.required ? ((await ui.askSecret?.(companion.title)) ?? null) : null);
    if (known !== null) companions[name] = acceptCompanion(known, companion.title);
    else if (companion.required) {
      const command = loginCommand(definition, request, { [flagOf(name)]: "-" });
      const variable = variableOf(definition.id, name, companion);
      throw usage(
        `${definition.title} needs ${withinSentence(companion.title)}.`,
        `Give it on standard input: ${command}\nOr in ${variable}.`,
      );
    }
  }
  const headers = companionHeaders(dialect, client?.id ?? clientOf(plan), companions);
  return { ...plan, companions, server: { ...server, companions: byName(headers) } };
}

/** `The developer token` → `the developer token`; a name keeps its capital. */
function withinSentence(title: string): string {
  return title.replace(/^(The|An?|Your) /, (article) => article.toLowerCase());
}

/** Of a pasted token: the client that got it, where the person says so. */
function clientOf({ request, existing }: LoginPlan): string | null {
  return request.clientId ?? existing?.record.clientId ?? null;
}

/** What was given for one place isn't sent to another (RULES.md 3.1). */
function isSamePlace({ existing, provider }: LoginPlan): boolean {
  const known = existing?.record.pinned?.origins ?? [];
  return provider.origins.every((origin) => known.includes(origin));
}
