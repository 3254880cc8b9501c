/** Shows what would change, asks, and changes it. */
import type { Environment } from "../../platform/context.ts";
import { carryOut, type Plan, planSetup } from "../../setup/engine.ts";
import { shownLines, shownStep } from "../../setup/show.ts";
import { TOOLS } from "../../setup/table.ts";
import type { Cli } from "../context.ts";
import { requireConsent } from "../input.ts";
import type { Session } from "../session.ts";
import { callOf, type Given } from "./call.ts";
import { undoCommand } from "./commands.ts";
import { unanswered } from "./unanswered.ts";

export interface Consent {
  readonly yes: boolean;
  readonly dryRun: boolean;
  /** The same command with `--yes`. */
  readonly again: string;
}

export async function setUp(
  cli: Cli,
  session: Session,
  tool: string,
  given: Given & Consent & { readonly command: readonly string[] },
): Promise<void> {
  const entry = TOOLS[tool];
  if (entry === undefined) return;
  const call = await callOf(cli, session, tool, given);
  const { wanted, notes: own = [] } = await (await entry.load()).plan(call);
  const words = entry.words !== undefined ? given.words : call.connection === null ? [] : [call.connection];
  const made = { program: call.auth, command: given.command };
  const notes = [...own, ...placeNotes(tool, cli.context.env), ...(await hostNotes(session, tool, words, wanted))];
  const plan = await planSetup(cli.context.paths.setup, tool, wanted, { ...given, words, made });
  const question = `Set up ${tool}?`;
  const work = async (): Promise<readonly string[]> => {
    if (!given.dryRun) await carryOut(plan);
    return notes;
  };
  const changed = await showAndCarryOut(cli, tool, plan, given, question, work);
  if (cli.output.isJson || given.dryRun) return;
  for (const note of notes) cli.output.say(note);
  if (!changed) cli.output.success(`${tool} is set up already: nothing to change.`);
  else {
    const names = wanted.map(({ name }) => name);
    cli.output.success(`Set up ${tool}. To take it back: ${undoCommand({ tool, words, names, made })}`);
  }
}

/** The tool mcp says itself where to log in. */
async function hostNotes(
  session: Session,
  tool: string,
  words: readonly string[],
  wanted: readonly { readonly name: string }[],
): Promise<string[]> {
  if (tool === "mcp") return [];
  const names = [...new Set(wanted.map(({ name }) => name))];
  const found = await Promise.all(names.map((name) => unanswered(session, { tool, name, words })));
  return found.filter((note) => note !== null);
}

/** Programs that are started elsewhere, such as from a desktop, don't have this command's environment. */
function placeNotes(tool: string, env: Environment): string[] {
  if (CARRY.includes(tool)) return [];
  return ["AUTH_HOME", "AUTH_STORE"]
    .filter((name) => env[name])
    .map((name) => `${name} is set here, and isn't written there: ${tool} finds this vault only where it is set, too.`);
}

/** The agent's file names the vault's place; completion needs none. */
const CARRY = ["agent", "completion"];

/**
 * @param work carries it out, or with --dry-run does nothing, and says what a person should know besides
 * @returns whether there was anything to do
 */
export async function showAndCarryOut(
  cli: Cli,
  tool: string | null,
  plan: Plan,
  { yes, dryRun, again }: Consent,
  question: string,
  work: () => Promise<readonly string[]>,
): Promise<boolean> {
  const { output } = cli;
  const shown = await Promise.all(plan.steps.map(shownStep));
  const changes = shown.filter(({ action }) => action !== "record");
  const lines = changes.flatMap(shownLines);
  const document = async () => ({ tool, done: !dryRun, changes, notes: await work() });
  if (dryRun) {
    const planned = await document();
    await (output.isJson ? output.json(planned) : output.lines(lines.length > 0 ? lines : ["Nothing would change."]));
    return plan.steps.length > 0;
  }
  if (changes.length > 0) {
    // Without a question they aren't urgent.
    // As they are in the file, however wide.
    for (const line of lines) (yes ? output.say : output.notice)(line, false);
    await requireConsent(cli, question, yes, `Without a question: ${again}`);
  }
  const done = await document();
  if (output.isJson) await output.json(done);
  return changes.length > 0;
}
