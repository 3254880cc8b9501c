import { requireFor } from "../connections/by-origin.ts";
import { select } from "../connections/select.ts";
import { type CurlRequest, readCurlArguments, requireOtherHeaders } from "../inject/curl-options.ts";
import { childEnvironment } from "../inject/environment.ts";
import { inheritedDescriptors } from "../platform/descriptors.ts";
import { usage } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import { replaceProcess } from "../platform/exec.ts";
import { addressFault, isLoopback, originOf } from "../platform/url.ts";
import { acquire } from "./acquire.ts";
import { CONNECTION, defineCommand, list, resourceOf, STORED } from "./command.ts";
import type { Cli } from "./context.ts";
import { type Headers, headersOf } from "./headers.ts";
import { checkedOrigin } from "./proxy/flags.ts";
import { runExitCode, started } from "./run.ts";
import { inSession, READS } from "./session.ts";

export default defineCommand({
  name: "curl",
  description: "Ask an API by curl, with the token in its header: only where it belongs, and never on the command line",
  group: "everyday",
  args: {
    ...CONNECTION,
    ...STORED,
    origin: {
      type: "string",
      valueHint: "url",
      repeatable: true,
      description: "Another place to which its token may go; may be repeated",
    },
    resource: { type: "string", valueHint: "uri", description: "With a token for this API" },
  },
  rest: { name: "arguments", description: "One address, and options of curl, after --" },
  examples: [
    ["auth curl {a} -- https://api.example/user", "with a token that works now"],
    ["auth curl {a}:work -- -sSf -X PATCH --json '{\"done\":true}' https://api.example/tasks/1", "what curl takes"],
  ],
  exitCodeOf: runExitCode,
  run: async (cli, args) => {
    const inherited = inheritedDescriptors();
    const resource = resourceOf(args.resource);
    const request = readCurlArguments(cli.rest);
    const url = checkedUrl(request.url);
    const also = [...list(args.origin).map(checkedOrigin), ...(resource === null ? [] : [checkedOrigin(resource)])];
    const headers = await inSession(
      cli,
      async (session) => {
        const selector = { argument: args.connection, profile: args.profile, stored: args.stored ?? false };
        const selected = await select(session, selector);
        // Before anything is sent, a refresh included.
        if (!also.includes(originOf(url))) await requireFor(session, selected, originOf(url));
        const acquired = await acquire(session, selected, 0, undefined, resource);
        if (acquired.warning !== null) cli.output.warn(acquired.warning);
        const headers = await headersOf(session, acquired);
        requireOtherHeaders(
          request,
          headers.map(([name]) => name),
        );
        const { connection } = acquired;
        await cli.context.audit({ event: "run", status: "success", connection, message: `curl ${originOf(url)}` });
        return headers;
      },
      READS,
    );
    await cli.output.done();
    return startCurl(cli, headers, request, url, inherited);
  },
});

/** The address in its normal form, which curl reads in the same way. @throws AuthError `usage` */
function checkedUrl(given: string): string {
  const fault = addressFault(given);
  if (fault !== null) throw usage(`${escapeText(given.slice(0, 200))} ${fault}.`, "Give the whole address: https://…");
  return new URL(given).href;
}

async function startCurl(
  cli: Cli,
  headers: Headers,
  { options, readsInput }: CurlRequest,
  url: string,
  inherited: number[],
): Promise<number> {
  const { hostname, protocol } = new URL(url);
  const lines = headers.map(([name, value]) => `${name}: ${value.reveal()}\n`).join("");
  const { secretPipe } = await import("../platform/secret-pipe.ts");
  const pipe = secretPipe(lines);
  if (pipe === null && readsInput)
    throw usage(
      "On this system curl's standard input carries the token: it can't carry a body too.",
      "Name a file: --data @body.json",
    );
  const args = [
    // It must come first to keep curl from reading its configuration.
    ...["--disable", "--globoff", "--proto", `=${protocol.slice(0, -1)}`],
    ...(isLoopback(hostname) ? ["--noproxy", "*"] : []),
    ...["--header", pipe === null ? "@-" : `@/dev/fd/${pipe}`],
    ...options,
    ...["--url", url],
  ];
  const env = await childEnvironment(cli.context.env, [], false);
  const execution = { command: "curl", args, env, inherited: pipe === null ? inherited : [...inherited, pipe] };
  if (pipe !== null) return started(() => replaceProcess(execution));
  const { runBeside } = await import("../platform/child.ts");
  return started(() => runBeside({ ...execution, input: lines }, async () => {}));
}
