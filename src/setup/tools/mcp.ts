/**
 * MCP clients: each starts `auth mcp <url>` instead of the server, or, where it can (Claude Code), runs a command for the
 * headers of its own requests.
 */
import { type ConfiguredServer, type ConfiguringClient, Unreadable } from "../../mcp/configured/client.ts";
import { CLIENTS, clientNamed } from "../../mcp/configured/table.ts";
import { type AuthError, usage } from "../../platform/errors.ts";
import { commandLine, placeholder, shellWord } from "../../platform/shell-word.ts";
import { addressFault, isSameUrl } from "../../platform/url.ts";
import type { Change, Json } from "../change.ts";
import { refused } from "../refused.ts";
import type { SetupCall, Tool } from "../tool.ts";

const HEADERS = "headers";

const mcp: Tool = {
  async plan(call) {
    const [id = "", url = "", how, ...more] = call.words;
    const client = clientNamed(id);
    if (client === null) throw unknownClient(id);
    if (url === "" || more.length > 0 || (how !== undefined && how !== HEADERS))
      throw usage(
        "Which server is it?",
        `${commandLine(["auth", "setup", "mcp", id, placeholder("url")])}${client.hasHeadersHelper ? `   (and, for its own requests: ${HEADERS})` : ""}`,
      );
    const fault = addressFault(url);
    if (fault !== null) throw usage(`The server's URL ${fault}.`, "Give an https URL, or http on this machine.");
    const asHeaders = how === HEADERS;
    if (asHeaders && !client.hasHeadersHelper)
      throw usage(
        `${client.title} asks no command for headers.`,
        `Without that word: auth setup mcp ${id} ${shellWord(url)}`,
      );
    const [path] = client.places(call);
    if (path === undefined) throw usage(`No home is known, and so no configuration of ${client.title}.`, "Set HOME.");
    const text = await call.textOf(path);
    const there = text === null ? [] : serversIn(client, path, text, call);
    const isSame = (one: ConfiguredServer): boolean =>
      one.url !== null && isSameUrl(one.url, url) && (one.profile ?? null) === call.profile;
    const name = call.name ?? there.find(isSame)?.name ?? nameFor(url, call.profile);
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(name))
      throw usage(
        `'${name}' can't be a server's name in every client.`,
        "Give letters, digits, - and _: --name <name>",
      );
    const entry = asHeaders ? byHeaders(call, url) : bridge(call, url);
    const isThere = there.some((one) => one.name === name);
    return {
      wanted: [{ name, path, change: changeFor(client, name, entry, isThere) }],
      notes: [
        ...((await call.hasLogin(url))
          ? []
          : [`Log in, where that isn't done yet: ${commandLine(["auth", "login", url, ...profileOf(call)])}`]),
        `${client.title} reads it at its next start.`,
      ],
    };
  },
};
export default mcp;

/** @param id what was typed; empty: nothing */
function unknownClient(id: string): AuthError {
  const example = "auth setup mcp claude-code https://mcp.example.com/mcp";
  const there = CLIENTS.map((client) => client.id).join(", ");
  const what = id === "" ? "Which MCP client is it?" : `'${id}' is no MCP client that is known here.`;
  return usage(what, `One of: ${there}. For example: ${example}`);
}

/** The profile, where one is given. */
function profileOf({ profile }: SetupCall): readonly string[] {
  return profile === null ? [] : ["-p", profile];
}

function serversIn(
  client: ConfiguringClient,
  path: string,
  text: string,
  call: SetupCall,
): readonly ConfiguredServer[] {
  try {
    return client.read(text, call);
  } catch (error) {
    // A file that is nested too deep exhausts the parser's stack.
    const why =
      error instanceof RangeError ? "it is nested too deep" : error instanceof Unreadable ? error.message : null;
    if (why === null) throw error;
    throw refused(`${path} can't be changed: ${why}.`, `Look at it with ${client.title} first.`);
  }
}

/** The distinctive part of the host: `https://mcp.sentry.dev/mcp` is `sentry`, and with `-p work` `sentry-work`. */
function nameFor(url: string, profile: string | null): string {
  const { hostname, port } = new URL(url);
  const isName = /[a-z]/.test(hostname) && hostname.includes(".");
  const own = hostname.split(".").find((label) => !["mcp", "api", "www"].includes(label));
  const name = isName && own !== undefined ? own : `${hostname}${port && `-${port}`}`;
  return `${name}${profile === null ? "" : `-${profile}`}`.replaceAll(/[^A-Za-z0-9_-]/g, "-");
}

function bridge(call: SetupCall, url: string) {
  return { command: call.auth, args: ["mcp", url, ...profileOf(call)] };
}

/** Claude Code runs it by a shell. */
function byHeaders(call: SetupCall, url: string) {
  const words = [call.auth, "token", url, ...profileOf(call), "-o", "headers", "--min-ttl", "60"];
  return { type: "http", url, headersHelper: commandLine(words) };
}

/** @param isThere whether the client's file has a server of that name */
function changeFor(
  { id, title, format, list, namesType }: ConfiguringClient,
  name: string,
  entry: { readonly [field: string]: Json },
  isThere: boolean,
): Change {
  if (format === "json")
    return { kind: "json", path: [list, name], value: namesType ? { type: "stdio", ...entry } : entry };
  if (isThere)
    throw usage(
      `${title} has a server named ${name} already.`,
      `Take it out first (${id} mcp remove ${name}), or give another name: --name <name>`,
    );
  const fields = Object.entries(entry).map(([field, value]) => `${field} = ${JSON.stringify(value)}`);
  const lines = [`[${list}.${name}]`, ...fields];
  return { kind: "lines", label: `mcp ${name}`, lines, section: null, setting: null, syntax: "toml" };
}
