/** Which options apply to a mode of `auth setup`: none is silently ignored. */
import { usage } from "../../platform/errors.ts";
import { type Option, TOOLS } from "../../setup/table.ts";

export type Given = Option | "force" | "dry-run" | "yes";

const MEANT: readonly Given[] = ["connection", "profile", "host", "name"];

/** The options of these modes, for every tool. */
const MODES = {
  "--check": MEANT,
  "--undo": [...MEANT, "force", "dry-run", "yes"],
} as const satisfies Readonly<Record<string, readonly Given[]>>;

/** @throws AuthError `usage` for the first option that doesn't apply */
export function requireForMode(mode: keyof typeof MODES, given: readonly Given[]): void {
  const taken: readonly Given[] = MODES[mode];
  const other = given.find((one) => !taken.includes(one));
  if (other === undefined) return;
  const hint = other === "replace" ? "What was replaced comes back with --undo." : "Leave it out.";
  throw usage(`${wordFor(other)} doesn't go with ${mode}.`, hint);
}

/** The same for setting a tool up. @throws AuthError `usage` */
export function requireForTool(tool: string, given: readonly Given[]): void {
  const { takes = [], words } = TOOLS[tool] ?? {};
  const isTaken = (one: Given): boolean => {
    if (one === "dry-run" || one === "yes") return true;
    if (one === "connection" && words !== undefined) return true;
    return takes.some((option) => covers(option, one));
  };
  const other = given.find((one) => !isTaken(one));
  if (other === undefined) return;
  if (other === "force") throw usage("--force belongs to --undo.", "Another helper's place is taken with --replace.");
  const tools = Object.entries(TOOLS).flatMap(([name, entry]) =>
    entry.takes.some((option) => covers(option, other)) ? [name] : [],
  );
  throw usage(`${wordFor(other)} doesn't go with ${tool}.`, `Leave it out. It is for: ${tools.join(", ")}.`);
}

/** A tool that takes a connection also takes its name alone. */
function covers(option: Option, given: Given): boolean {
  return option === given || (option === "connection" && given === "profile");
}

function wordFor(given: Given): string {
  if (given === "connection") return "A connection";
  return given === "rest" ? "What comes after --" : `--${given}`;
}
