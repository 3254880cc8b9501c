import { profileOf } from "../../connections/select.ts";
import { runBridge } from "../../mcp/bridge.ts";
import { usage } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import { inputMessages } from "../../platform/stdin.ts";
import { addressFault } from "../../platform/url.ts";
import { defineCommand } from "../command.ts";
import type { Cli } from "../context.ts";
import { inSession } from "../session.ts";
import { credentialsFor } from "./credentials.ts";
import type { Login } from "./login.ts";

/** Bytes of a client's message. */
const LONGEST = 256 * 1024 * 1024;

export default defineCommand({
  name: "mcp",
  description: "An MCP server over HTTP, as a command that a client starts: with a token that works in each request",
  args: {
    url: { type: "positional", description: "The MCP server's URL" },
    profile: {
      type: "string",
      alias: "p",
      valueHint: "name",
      description: "The connection of that name (or: AUTH_PROFILE)",
    },
  },
  examples: [
    ["auth mcp https://mcp.example.com/mcp", "in a client's configuration: command auth, arguments mcp and the URL"],
  ],
  run: (cli, { url = "", profile }) => bridge(cli, url, profile),
});

async function bridge(cli: Cli, url: string, given: string | undefined): Promise<void> {
  const fault = addressFault(url);
  if (fault !== null) throw usage(`The server's URL ${fault}.`, "Give an https URL, or http on this machine.");
  const profile = profileOf(cli.context.env, url, given);
  await inSession(cli, async (session) => {
    // Made by a login while this runs, if there is none yet.
    await session.services();
    let made: Login | null = null;
    const login = async (): Promise<Login> => {
      made ??= new (await import("./login.ts")).Login(cli, session, url, profile);
      return made;
    };
    await runBridge({
      url,
      input: inputMessages(LONGEST),
      write: (bytes) => cli.output.raw(bytes),
      http: async (request, consume) => (await import("../../platform/http.ts")).httpStream(request, consume),
      authorize: credentialsFor(cli, session, url, profile, login),
      log: (text) => cli.output.say(escapeText(text)),
    });
  });
}
