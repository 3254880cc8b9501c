/** Settings that a login can't do without: a person at a terminal is asked for those that aren't given. */

import type { LoginRequest } from "../connections/login/request.ts";
import { loginSettings } from "../connections/login/settings.ts";
import { readConnection } from "../connections/store.ts";
import { askText } from "../platform/prompt.ts";
import { chooseFlow } from "../providers/flows.ts";
import { mintingOf } from "../providers/minting.ts";
import { accept } from "../providers/settings.ts";
import type { Cli } from "./context.ts";
import { untilValid } from "./login-menu.ts";
import type { Session } from "./session.ts";

/** @returns the request's settings, with the answers. An empty answer is left to the error that the login ends with. */
export async function askMissingSettings(
  cli: Cli,
  session: Session,
  request: LoginRequest,
  pastes: boolean,
): Promise<Readonly<Record<string, string>>> {
  const definition = await session.registry.get(request.ref.provider);
  const vault = await session.vault();
  const profile = vault === null ? null : ((await readConnection(vault, request.ref))?.record ?? null);
  const known = loginSettings(definition, request.settings, cli.context, profile).values;
  const circumstances = { secret: false, browser: request.canOpenBrowser, scopes: [] };
  const flow = pastes ? "token" : (request.flow ?? chooseFlow(definition, circumstances));
  const needs = mintingOf(definition, flow)?.needs ?? [];
  const answers: Record<string, string> = {};
  for (const [name, setting] of Object.entries(definition.settings ?? {})) {
    const needed = needs.includes(name) || (setting.required === true && (setting.flows?.includes(flow) ?? true));
    const given = known[name] ?? setting.default ?? (name === "issuer" ? request.issuer : undefined);
    if (!needed || given != null) continue;
    await untilValid(cli, async () => {
      const choices = setting.choices === undefined ? "" : ` (${setting.choices.join(", ")})`;
      const answer = await askText(`${setting.title}${choices}`, cli.context.env);
      if (answer !== "") answers[name] = accept(setting, answer, "That");
    });
  }
  return { ...request.settings, ...answers };
}
