/** `auth setup` alone: which tools are installed, which are set up, and the commands for it. */
import { setupStatuses } from "../../setup/engine.ts";
import { TOOLS } from "../../setup/table.ts";
import { printTable } from "../columns.ts";
import type { Cli } from "../context.ts";

export async function listTools(cli: Cli): Promise<void> {
  const { context, output } = cli;
  const all = await setupStatuses(context.paths.setup);
  const tools = Object.entries(TOOLS).map(([tool, { title, programs, example }]) => {
    const mine = all.filter((one) => one.tool === tool);
    const installed = programs.some((program) => Bun.which(program, { PATH: context.env.PATH ?? "" }) !== null);
    const state = mine.length === 0 ? "not set up" : mine.every((one) => one.state === "stands") ? "set up" : "changed";
    const names = [...new Set(mine.map(({ name }) => name))];
    const command = state === "not set up" ? `auth setup ${example}` : `auth setup ${tool} --check`;
    return { tool, title, installed, state, names, command };
  });
  if (output.isJson) return output.json({ tools });
  const rows = tools
    .sort((one, other) => Number(other.installed) - Number(one.installed))
    .map(({ tool, installed, state, command }) => [tool, installed ? "yes" : "no", state, command]);
  await printTable(output, ["TOOL", "HERE", "STATE", "COMMAND"], rows);
}
