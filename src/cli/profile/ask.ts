/** What `profile create` asks a person who gave no flags. Enter leaves each to the next in line: variable, default. */
import type { Environment } from "../../platform/context.ts";
import { askText } from "../../platform/prompt.ts";
import { flowsOf } from "../../providers/flows.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";
import { accept } from "../../providers/settings.ts";
import { scopes } from "../selector.ts";

export interface Answers {
  readonly settings: Record<string, string>;
  readonly scopes: string[] | null;
  readonly clientId: string | null;
}

/** @throws AuthError `usage` for an answer that a setting can't have, `interrupted` on Ctrl-C */
export async function askSettings(definition: ProviderDefinition, env: Environment): Promise<Answers> {
  const settings: Record<string, string> = {};
  for (const [name, setting] of Object.entries(definition.settings ?? {})) {
    // Nobody has said yet which flow it will be; those few are given by flag.
    if (setting.flows !== undefined) continue;
    const answer = await askText(setting.title, env, setting.default);
    if (answer !== "" && answer !== setting.default) settings[name] = accept(setting, answer, `'${setting.title}'`);
  }
  if (flowsOf(definition).every(({ flow }) => flow === "token")) return { settings, scopes: null, clientId: null };
  const wanted = await askText("Scopes", env, definition.scopes?.default?.join(" "));
  const own = wanted !== "" && wanted !== definition.scopes?.default?.join(" ");
  const clientId = await askText("Client id (may be given at login)", env);
  return { settings, scopes: own ? scopes(wanted) : null, clientId: clientId === "" ? null : clientId };
}
