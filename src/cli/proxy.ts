import { usage } from "../platform/errors.ts";
import { protectMemory } from "../platform/own-memory.ts";
import { defineCommand, list } from "./command.ts";
import { INJECTION_ARGS } from "./injections.ts";
import { RULES, settingsOf } from "./proxy/flags.ts";
import { inSession, READS } from "./session.ts";

export default defineCommand({
  name: "proxy",
  description: "Put tokens into requests on their way, so that programs never have them",
  group: "scripting",
  args: {
    ...INJECTION_ARGS,
    port: { type: "string", valueHint: "n", description: "The port to listen on; by default any free one" },
    ...RULES,
  },
  examples: [
    ["auth proxy {a}", "prints the address to use in the API's place, until Ctrl-C"],
    [
      "auth proxy {a} --read-only --deny '* /admin/*' --json",
      "only what changes nothing; with the environment of a program, as JSON",
    ],
    ["auth run --proxy {a} -- ./agent", "a proxy for one command, whose environment is set up for it"],
  ],
  run: async (cli, args) => {
    protectMemory();
    const { serve } = await import("./proxy/serve.ts");
    const { connection, profile, _: connections } = args;
    const port = portOf(args.port);
    const options = { connections, named: list(connection), profile, port, program: null, ...settingsOf(args) };
    return inSession(cli, (session) => serve(cli, session, options), READS);
  },
});

function portOf(given: string | undefined): number {
  if (given === undefined) return 0;
  const port = /^\d{1,5}$/.test(given) ? Number(given) : 0;
  if (port < 1 || port > 65_535) throw usage("--port takes a number from 1 to 65535.", "For example: --port 8765");
  return port;
}
