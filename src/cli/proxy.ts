import { usage } from "../platform/errors.ts";
import { addressFault, originOf } from "../platform/url.ts";
import { type Args, defineCommand, list } from "./command.ts";
import { CONNECTION, STORED } from "./selector.ts";
import { inSession } from "./session.ts";

/** What may go through: `run --proxy` has the same. */
export const RULES = {
  allow: {
    type: "string",
    valueHint: "METHOD path",
    repeatable: true,
    description: "Only these requests get a token: 'GET /repos/*'; may be repeated",
  },
  deny: {
    type: "string",
    valueHint: "METHOD path",
    repeatable: true,
    description: "These get none: '* /admin/*'; goes before --allow; may be repeated",
  },
  "read-only": { type: "boolean", description: "Only GET, HEAD and OPTIONS" },
} as const satisfies Args;

export default defineCommand({
  name: "proxy",
  description: "Put tokens into requests on their way, so that programs never have them",
  group: "scripting",
  args: {
    connections: {
      type: "positional",
      required: false,
      variadic: true,
      description: "Connections whose tokens to put in; without any, the default",
    },
    profile: CONNECTION.profile,
    ...STORED,
    origin: {
      type: "string",
      valueHint: "url",
      repeatable: true,
      description: "Another place to which the token of the one connection may go; may be repeated",
    },
    port: { type: "string", valueHint: "n", description: "The port to listen on; by default any free one" },
    ...RULES,
  },
  examples: [
    ["auth proxy {a}", "prints the address to use in the API's place, until Ctrl-C"],
    ["auth proxy {a} --read-only --deny '* /admin/*' --json", "only what changes nothing; the address as JSON"],
  ],
  run: async (cli, args) => {
    const { serve } = await import("./proxy/serve.ts");
    const also = list(args.origin).map(checkedOrigin);
    return inSession(cli, (session) =>
      serve(cli, session, {
        connections: args._,
        profile: args.profile,
        stored: args.stored ?? false,
        also,
        port: portOf(args.port),
        rules: { allow: list(args.allow), deny: list(args.deny), readOnly: args["read-only"] ?? false },
      }),
    );
  },
});

function checkedOrigin(given: string): string {
  const fault = addressFault(given);
  if (fault !== null) throw usage(`The origin ${fault}.`, "For example: --origin https://api.example");
  return originOf(given);
}

function portOf(given: string | undefined): number {
  if (given === undefined) return 0;
  const port = /^\d{1,5}$/.test(given) ? Number(given) : 0;
  if (port < 1 || port > 65_535) throw usage("--port takes a number from 1 to 65535.", "For example: --port 8765");
  return port;
}
