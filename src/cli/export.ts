import { injectedVariables } from "../inject/environment.ts";
import { EXPORT_FORMATS, formatVariables, forWorkflow } from "../inject/formats.ts";
import type { Injection } from "../inject/variables.ts";
import { AuthError, errorCode, usage } from "../platform/errors.ts";
import { faultReason } from "../platform/file-faults.ts";
import { defineCommand, list } from "./command.ts";
import type { Cli } from "./context.ts";
import { asAuthError, EXIT_CODES } from "./exit.ts";
import { INJECTION_ARGS, injectionsFor } from "./injections.ts";
import { inSession, READS } from "./session.ts";
import { oneOf } from "./suggest.ts";

export default defineCommand({
  name: "export",
  description: "Print tokens as variables for a shell or a file",
  group: "scripting",
  args: {
    ...INJECTION_ARGS,
    format: {
      type: "string",
      valueHint: EXPORT_FORMATS.join("|"),
      description:
        "How to write them (default: shell); dotenv is for programs that read .env files: 'docker run --env-file' takes its quotes as part of the value",
    },
  },
  examples: [
    ['eval "$(auth export {a})"', "into this shell"],
    ["auth export {a} --format fish | source", "into this shell, where it is fish"],
    ["auth export -c {a}:work=WORK_TOKEN --format dotenv > .env.local", "into a file, under a name of your choice"],
  ],
  exitCodeOf: (error) => exportExitCode(error),
  run: (cli, args) =>
    inSession(
      cli,
      async (session) => {
        const plain = cli.output.isJson ? "json" : "shell";
        const format = args.format === undefined ? plain : oneOf("format", args.format, EXPORT_FORMATS);
        const write = format === "github-actions" ? await workflowWriter(cli) : textWriter(cli, format);
        if (cli.output.isJson && format !== "json")
          throw usage(`--json writes JSON, and the format ${format} doesn't.`, "Leave one of them out.");
        const injections = await injectionsFor(cli, session, {
          connections: args._,
          named: list(args.connection),
          profile: args.profile,
          minTtl: 0,
        });
        for (const { connection } of injections)
          await cli.context.audit({ event: "export", status: "success", connection });
        const variables = injectedVariables(cli.context.env, injections);
        await write(variables, injections);
      },
      READS,
    ),
});

type Writer = (variables: Record<string, string>, injections: readonly Injection[]) => Promise<void>;

function textWriter(cli: Cli, format: Parameters<typeof formatVariables>[0]): Writer {
  return async (variables) => {
    const text = formatVariables(format, variables).replace(/\n$/, "");
    if (text !== "") await cli.output.text(text);
  };
}

/** Prints the masks first, so that the runner keeps the tokens out of its log. @throws AuthError `usage` outside of a job */
async function workflowWriter(cli: Cli): Promise<Writer> {
  const path = cli.context.env.GITHUB_ENV;
  if (!path)
    throw usage(
      "GITHUB_ENV is not set: this format is for a job of a workflow.",
      "Elsewhere: auth export --format shell",
    );
  const { access, appendFile, constants } = await import("node:fs/promises");
  try {
    await access(path, constants.W_OK);
  } catch (error) {
    const code = errorCode(error) ?? "unknown error";
    const reason = code === "ENOENT" ? "it isn't there" : faultReason(code);
    throw usage(`GITHUB_ENV names ${path}, which can't be written: ${reason}.`, "The workflow's runner makes it.");
  }
  return async (variables, injections) => {
    const { masks, file } = forWorkflow(
      variables,
      injections.flatMap(({ token, beside = [] }) => [token, ...beside].map((secret) => secret.reveal())),
    );
    if (masks !== "") await cli.output.text(masks.replace(/\n$/, ""));
    await appendFile(path, file);
  };
}

/** Where every login was left out, the worst of the reasons (CLI.md §2). */
function exportExitCode(error: unknown): number {
  const known = asAuthError(error);
  const reason = known.code === "nothing_to_inject" && known.cause instanceof AuthError ? known.cause : known;
  // Clashing and ambiguous logins are left out: the command line itself is right.
  return known !== reason && EXIT_CODES[reason.code] === 64 ? EXIT_CODES[known.code] : EXIT_CODES[reason.code];
}
