/** `auth setup --undo`: takes back what was set up. */

import { escapeText } from "../../platform/escape.ts";
import { planUndo, standings } from "../../setup/engine.ts";
import type { Cli } from "../context.ts";
import { type Consent, showAndCarryOut } from "./apply.ts";
import { type Meant, meantOf } from "./meant.ts";

export async function undo(cli: Cli, meant: Meant, options: Consent & { readonly force: boolean }): Promise<void> {
  const { output } = cli;
  const { tool, words } = meant;
  const folder = cli.context.paths.setup;
  const plan = await planUndo(folder, meantOf(await standings(folder), meant), options.force);
  const what = tool === null ? "everything" : escapeText([tool, ...words].join(" "));
  await showAndCarryOut(cli, tool, plan, options, `Take back the setup of ${what}?`, []);
  if (output.isJson || options.dryRun) return;
  if (plan.steps.length === 0) return output.success("There is nothing to take back.");
  for (const { found, isEdited } of plan.steps)
    if (isEdited) output.say(`${found.path} was changed since: what others wrote stays, only auth's part is gone.`);
  output.success(`Took back the setup of ${what}.`);
}
