/** `auth setup --undo`: takes back what was set up. */
import { planUndo } from "../../setup/engine.ts";
import type { Cli } from "../context.ts";
import { type Consent, showAndCarryOut } from "./apply.ts";
import { isMeantBy } from "./meant.ts";

export async function undo(
  cli: Cli,
  tool: string | null,
  names: readonly string[],
  options: Consent & { readonly force: boolean },
): Promise<void> {
  const { output } = cli;
  const plan = await planUndo(cli.context.paths.setup, isMeantBy(tool, names), options.force);
  const what = tool ?? "everything";
  await showAndCarryOut(cli, tool, plan, options, `Take back the setup of ${what}?`, []);
  if (output.isJson || options.dryRun) return;
  if (plan.steps.length === 0) return output.success("There is nothing to take back.");
  for (const { found, isEdited } of plan.steps)
    if (isEdited) output.say(`${found.path} was changed since: what others wrote stays, only auth's part is gone.`);
  output.success(`Took back the setup of ${what}.`);
}
