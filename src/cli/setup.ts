import { usage } from "../platform/errors.ts";
import { commandLine } from "../platform/shell-word.ts";
import { TOOLS } from "../setup/table.ts";
import { defineCommand, list } from "./command.ts";
import { inSession } from "./session.ts";
import { type Given, requireForMode, requireForTool } from "./setup/applies.ts";
import { oneOf } from "./suggest.ts";

export const TOOL_NAMES = Object.keys(TOOLS);

export default defineCommand({
  name: "setup",
  description: "Configure another program so that it asks auth for its credentials",
  group: "setup",
  args: {
    tool: {
      type: "positional",
      required: false,
      completes: TOOL_NAMES,
      description: `Which: ${TOOL_NAMES.slice(0, 4).join(", ")} and others; without it, what is installed and set up here is listed`,
    },
    connection: {
      type: "positional",
      required: false,
      variadic: true,
      completes: "for-tool",
      description: "The connection that it gets its tokens from; by default, the one for the host that it asks for",
    },
    profile: { type: "string", alias: "p", valueHint: "name", description: "The connection of that name" },
    host: {
      type: "string",
      valueHint: "host",
      repeatable: true,
      description: "Only for this host; by default, for those that the connection is for",
    },
    name: {
      type: "string",
      valueHint: "name",
      description: "What it is called there: a kubeconfig's user, a profile of AWS, a registry of cargo",
    },
    context: { type: "string", valueHint: "name", description: "The kubeconfig's context that is to use it" },
    audience: { type: "string", valueHint: "uri", description: "The workload identity provider, with adc" },
    check: { type: "boolean", description: "Only tell whether what was set up still stands" },
    undo: { type: "boolean", description: "Take back what was set up, and nothing else" },
    "dry-run": { type: "boolean", description: "Only show what would change" },
    yes: { type: "boolean", alias: "y", description: "Don't ask" },
    replace: { type: "boolean", description: "Put auth in the place of another helper, until --undo" },
    force: { type: "boolean", description: "With --undo: leave what was changed by hand, and take back the rest" },
    system: { type: "boolean", description: "For all users of this machine" },
  },
  rest: {
    name: "words",
    required: false,
    description: "What goes into each call of the helper: --origin, --min-ttl, --id-token",
  },
  examples: [
    ["auth setup git --host git.example", "git asks auth for that host; the change is shown first"],
    [
      "auth setup mcp claude-code https://mcp.example.com/mcp",
      "an MCP server in Claude Code; likewise in codex, vscode and cursor",
    ],
    ["auth setup git --undo", "git's configuration is as it was"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const { check = false, undo = false, force = false, system = false, replace = false } = args;
      if (check && undo) throw usage("--check and --undo don't go together.");
      const [given, ...words] = args._;
      const tool = given === undefined ? null : oneOf("tool", given, TOOL_NAMES);
      const all = givenOf(args, words, cli.rest);
      const names = [...list(args.host), ...(args.name === undefined ? [] : [args.name])];
      const meant = { tool, words, profile: args.profile, names };
      const again = commandLine(["auth", ...commandOf(args, cli.rest, ["--yes"])]);
      const consent = { yes: args.yes ?? false, dryRun: args["dry-run"] ?? false, again };
      if (check || undo) requireForMode(check ? "--check" : "--undo", all);
      if (check) return (await import("./setup/check.ts")).check(cli, session, meant);
      if (undo) return (await import("./setup/undo.ts")).undo(cli, meant, { ...consent, force });
      if (tool === null) {
        if (all.length > 0) throw usage("Set up what?", "Name the tool: auth setup <tool>");
        return (await import("./setup/list.ts")).listTools(cli);
      }
      requireForTool(tool, all);
      const { setUp } = await import("./setup/apply.ts");
      return setUp(cli, session, tool, {
        ...{
          words,
          hosts: list(args.host),
          name: args.name ?? null,
          context: args.context ?? null,
          audience: args.audience ?? null,
          profile: args.profile,
          replace,
          system,
        },
        ...consent,
        command: commandOf(args, cli.rest),
      });
    }),
});

/** What stands on the command line besides the tool and the two modes. */
function givenOf(args: Readonly<Record<string, unknown>>, words: readonly string[], rest: readonly string[]): Given[] {
  const flags = [
    ...(["profile", "host", "name", "context", "audience", "replace", "force", "system"] as const),
    ...(["dry-run", "yes"] as const),
  ];
  return [
    ...flags.filter((name) => args[name] !== undefined && args[name] !== false),
    ...(words.length > 0 ? (["connection"] as const) : []),
    ...(rest.length > 0 ? (["rest"] as const) : []),
  ];
}

/** The same command, after `auth`. @param more flags besides */
function commandOf(
  { _: words, ...args }: { readonly _: readonly string[] } & Readonly<Record<string, unknown>>,
  rest: readonly string[],
  more: readonly string[] = [],
): string[] {
  const flags = (
    ["profile", "host", "name", "context", "audience", "undo", "replace", "force", "system"] as const
  ).flatMap((name) => {
    const value = args[name];
    if (typeof value === "string") return list(value).flatMap((one) => [`--${name}`, one]);
    return value === true ? [`--${name}`] : [];
  });
  return ["setup", ...words, ...flags, ...more, ...(rest.length > 0 ? ["--", ...rest] : [])];
}
