import { AuthError } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import { defineCommand } from "./command.ts";
import type { Cli } from "./context.ts";
import { CHECKS } from "./doctor/checks.ts";
import { broken, type Check, type Found, unknown } from "./doctor/found.ts";
import { inSession } from "./session.ts";

export default defineCommand({
  name: "doctor",
  description: "Check that everything auth depends on works",
  group: "setup",
  args: {
    offline: { type: "boolean", description: "Leave out what needs the network" },
  },
  examples: [
    ["auth doctor", "what is wrong, and what to do"],
    ["auth doctor --offline --json", "for a program"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const checks: Check[] = [];
      for (const [name, examine] of Object.entries(CHECKS))
        for (const one of await examined(() => examine(session, args.offline ?? false))) checks.push({ name, ...one });
      const found = withoutRepeats(checks);
      const ok = found.every(({ status }) => status !== "fail");
      if (cli.output.isJson) await cli.output.json({ ok, checks: found });
      else for (const check of found) await showCheck(cli, check);
      if (!ok) throw new AuthError("check_failed", "Not everything is in order.");
    }),
});

/** A check that throws doesn't stop the others. */
async function examined(examine: () => Promise<Found[]>): Promise<Found[]> {
  try {
    return await examine();
  } catch (error) {
    return broken(error);
  }
}

/** One fault can make several checks fail: the first names it, the others refer to that. */
function withoutRepeats(checks: readonly Check[]): Check[] {
  return checks.map((check, i) => {
    const first = checks.slice(0, i).find(({ status, detail }) => status === "fail" && detail === check.detail);
    return first === undefined ? check : { name: check.name, ...unknown(`see ${first.name}`) };
  });
}

const MARKS = { ok: "✓", warn: "!", fail: "✗" } as const;

async function showCheck(cli: Cli, { name, status, detail, remedy }: Check): Promise<void> {
  await cli.output.text(escapeText(`${MARKS[status]} ${name}: ${detail}`));
  for (const line of remedy?.split("\n") ?? []) await cli.output.text(escapeText(`    ${line}`));
}
