import { profileOf } from "../../connections/select.ts";
import { runBridge } from "../../mcp/bridge.ts";
import { AuthError, usage } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import { commandLine, placeholder } from "../../platform/shell-word.ts";
import { inputMessages } from "../../platform/stdin.ts";
import { addressFault, withoutQuery } from "../../platform/url.ts";
import { CONNECTION, defineCommand } from "../command.ts";
import type { Cli } from "../context.ts";
import { inSession, READS, type Session } from "../session.ts";
import { credentialsFor } from "./credentials.ts";
import type { Login } from "./login.ts";

/** Bytes of a client's message. */
const LONGEST = 256 * 1024 * 1024;

export default defineCommand({
  name: "mcp",
  description: "An MCP server over HTTP, as a command that a client starts: with a token that works in each request",
  args: {
    url: { type: "positional", description: "The MCP server's URL" },
    profile: CONNECTION.profile,
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
  // Standard input and the terminal, if any, are the client's: no passphrase is asked for.
  const alone: Cli = { ...cli, globals: { ...cli.globals, input: false } };
  const serve = async (session: Session): Promise<void> => {
    let made: Login | null = null;
    const login = async (): Promise<Login> => {
      made ??= new (await import("./login.ts")).Login(cli, session, url, profile);
      return made;
    };
    const credentials = credentialsFor(cli, session, url, profile, login);
    await runBridge({
      url,
      input: inputMessages(LONGEST),
      write: (bytes) => cli.output.raw(bytes),
      http: async (request, consume) => (await import("../../platform/http.ts")).httpStream(request, consume),
      authorize: async (call) => {
        try {
          // A login may create the vault while this runs. A vault that can't be opened is reported to each request.
          await session.services();
          return await credentials(call);
        } catch (error) {
          throw await asHelpful(cli, url, error);
        }
      },
      log: (text) => cli.output.say(escapeText(text)),
    });
  };
  await inSession(alone, serve, { ...READS, retries: true });
}

/** Hints for the client's user: the environment of this process is in the client's configuration. */
async function asHelpful(cli: Cli, url: string, error: unknown): Promise<unknown> {
  if (!(error instanceof AuthError) || error.code !== "ambiguous_connection") return withUnlocking(cli, error);
  const named = commandLine(["auth", "mcp", withoutQuery(url), "-p", placeholder("name")]);
  return error.restated({ hint: [`In the client's configuration: ${named}`, error.hint].join("\n") });
}

/** The hint for a vault whose key isn't available here: an agent can keep it. */
async function withUnlocking({ context }: Cli, error: unknown): Promise<unknown> {
  if (!(error instanceof AuthError) || error.code !== "vault_locked") return error;
  const [{ vaultStatus }, { ASKING }] = await Promise.all([
    import("../../vault/status.ts"),
    import("../../vault/sources/source.ts"),
  ]);
  const vault = await vaultStatus(context);
  if (vault === null || vault.keyVariable !== null || !ASKING.includes(vault.keySource)) return error;
  const own = vault.keySource === "passphrase" || error.hint === undefined ? [] : [error.hint];
  const hint = [...own, "Unlock it in a terminal, then ask again: auth agent start"].join("\n");
  return error.restated({ hint });
}
