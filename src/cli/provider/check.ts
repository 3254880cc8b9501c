import type { Check } from "../../contract/contract.ts";
import { AuthError } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import { commandLine } from "../../platform/shell-word.ts";
import { deferSignals } from "../../platform/signals.ts";
import { defineCommand } from "../command.ts";
import { inSession } from "../session.ts";
import { shown } from "../suggest.ts";
import { CONSENT, consentFrom } from "./consent.ts";
import { subjectOf } from "./subject.ts";

const MARKS = { ok: "✓", fail: "✗" } as const;

export default defineCommand({
  name: "check",
  description: "Check a provider's description against itself: log in, refresh, fail, rotate and revoke as it says",
  args: {
    provider: {
      type: "positional",
      required: true,
      completes: "provider-or-file",
      description: "A plugin's file, or a provider's id",
    },
    ...CONSENT,
  },
  examples: [
    ["auth provider check acme.toml", "before it is added or shared"],
    ["auth provider check {a} --json", "one that is known, for a program"],
    ["auth provider check acme.ts --ci <hash>", "in a job, for a module that was looked at elsewhere"],
  ],
  run: async (cli, args) => {
    const { definition, clash, isTaken } = await inSession(cli, (session) =>
      subjectOf(cli, session, args.provider, consentFrom(args), "check"),
    );
    const { checkContract } = await import("../../contract/contract.ts");
    const checks = [
      { name: "schema", status: "ok", detail: "every field is known, and none contradicts another" } as const,
      ...(clash === undefined ? [] : [claimCheck(clash, isTaken === true ? definition.id : null, args.provider)]),
      ...(await untilSignal((signal) => checkContract(definition, signal))),
    ];
    const failed = checks.filter(({ status }) => status === "fail");
    if (cli.output.isJson) await cli.output.json({ ok: failed.length === 0, provider: definition.id, checks });
    else await cli.output.text(await fitted([...lines(checks)].join("\n")));
    if (failed.length > 0)
      throw new AuthError("check_failed", `${failed.length} of ${checks.length} checks failed.`, {
        hint: `Correct ${shown(args.provider)}, then check it again.`,
      });
    if (cli.output.isJson) return;
    const passed = checks.filter(({ status }) => status === "ok").length;
    const { title } = definition;
    const { length } = checks;
    const why = length > passed ? ` (why, with --json)` : "";
    const whole = `${escapeText(title)} is consistent with itself: ${passed} checks passed, ${length - passed} skipped${why}.`;
    const next = `Whether it is correct, only a login at the provider can tell:\n  ${commandLine(["auth", "provider", "try", args.provider])}`;
    await cli.output.text(await fitted(`\n${whole}\n${next}`));
  },
});

/** Each simulated login defers signals, as a real one does: the check ends after the current one. */
async function untilSignal<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signals = deferSignals();
  try {
    return await work(signals.signal);
  } finally {
    signals.handled();
    signals.release();
  }
}

/** A line for each check that was run; the others by name alone. A fault of several checks is explained once. */
function* lines(checks: readonly Check[]): Generator<string> {
  const firstWith = new Map<string, string>();
  for (const { name, status, detail } of checks) {
    if (status === "skipped") continue;
    const before = status === "fail" ? firstWith.get(detail) : undefined;
    if (status === "fail" && before === undefined) firstWith.set(detail, name);
    yield `${MARKS[status]} ${name}: ${before === undefined ? escapeText(detail) : `the same as in '${before}'`}`;
  }
  const skipped = checks.filter(({ status }) => status === "skipped").map(({ name }) => name);
  if (skipped.length > 0) yield `– not in this description: ${skipped.join("; ")}`;
}

/** On a terminal, broken at spaces. */
async function fitted(text: string): Promise<string> {
  const { columns, isTerminal } = await import("../../platform/terminal.ts");
  if (!isTerminal(1)) return text;
  return (await import("../../platform/wrap.ts")).wrapMessage(text, columns());
}

/** @param taken the id that another provider has already */
function claimCheck(clash: string | null, taken: string | null, file: string): Check {
  const name = "what it claims";
  if (clash !== null)
    return { name, status: "fail", detail: `it claims ${clash}: provider add refuses that without --replace` };
  if (taken === null) return { name, status: "ok", detail: "no variable, origin or name of another provider" };
  const command = commandLine(["auth", "provider", "add", file, "--replace"]);
  return { name, status: "ok", detail: `only the id of ${taken}, in whose place it goes by: ${command}` };
}
