/** `auth setup --undo`: takes back what was set up, and stops its service. */
import { escapeText } from "../../platform/escape.ts";
import { surroundingsOf } from "../../platform/places.ts";
import { commandLine } from "../../platform/shell-word.ts";
import { carryOut, type Plan, planUndo, setupStatuses } from "../../setup/engine.ts";
import type { Ending } from "../../setup/service.ts";
import { TOOLS } from "../../setup/table.ts";
import type { Cli } from "../context.ts";
import { type Consent, showAndCarryOut } from "./apply.ts";
import { type Meant, meantOf } from "./meant.ts";

export async function undo(cli: Cli, meant: Meant, options: Consent & { readonly force: boolean }): Promise<void> {
  const { output } = cli;
  const { tool, words } = meant;
  const folder = cli.context.paths.setup;
  const plan = await planUndo(folder, meantOf(await setupStatuses(folder), meant), options.force);
  const what = tool === null ? "everything" : escapeText([tool, ...words].join(" "));
  let notes: readonly string[] = [];
  const work = async (): Promise<readonly string[]> => {
    notes = [...(await endAll(cli, plan, options.dryRun)), ...leftNotes(plan)];
    if (!options.dryRun) await carryOut(plan);
    return notes;
  };
  await showAndCarryOut(cli, tool, plan, options, `Take back the setup of ${what}?`, work);
  if (output.isJson) return;
  for (const note of notes) output.say(note);
  if (options.dryRun) return;
  if (plan.steps.length === 0) return output.success("There is nothing to take back.");
  for (const { found, isEdited, leaves } of plan.steps)
    if (isEdited && leaves.length === 0)
      output.say(`${found.path} was changed since: what others wrote stays, only auth's part is gone.`);
  const isWhole = plan.steps.every(({ leaves }) => leaves.length === 0);
  output.success(isWhole ? `Took back the setup of ${what}.` : `Took back the rest of the setup of ${what}.`);
}

function leftNotes({ steps }: Plan): string[] {
  return steps.flatMap(({ found, leaves }) =>
    leaves.map(({ name }) => `${found.path}: what was set up for ${name} was changed by hand. It is left there.`),
  );
}

/** Stops services, which would go on without their file. @returns what was done, or has to be done */
async function endAll(cli: Cli, plan: Plan, dryRun: boolean): Promise<string[]> {
  const notes: string[] = [];
  for (const ending of await endingsOf(cli, plan)) {
    const command = commandLine(ending.command);
    const outcome = dryRun ? "planned" : await ending.run();
    if (outcome === "planned") notes.push(`First the service would be stopped: ${command}`);
    if (outcome === "ended") notes.push(`The service was stopped: ${command}`);
    if (outcome === "failed") notes.push(`The service couldn't be stopped from here. If it runs: ${command}`);
  }
  return notes;
}

async function endingsOf({ context: { env } }: Cli, { steps }: Plan): Promise<Ending[]> {
  const endings: (Ending | null | undefined)[] = [];
  for (const { found, removes } of steps)
    for (const tool of new Set(removes.map((part) => part.tool)))
      endings.push((await TOOLS[tool]?.load())?.endingOf?.(surroundingsOf(env), found.path));
  return endings.filter((one) => one != null);
}
