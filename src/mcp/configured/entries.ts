/** A server's entry, in the form of nearly all clients: an address with headers, or a command. */
import { type ParseError, parse } from "jsonc-parser";
import * as v from "valibot";
import { asObject, type Json } from "../../platform/json.ts";
import { type ConfiguredServer, Unreadable } from "./client.ts";

/** @throws Unreadable */
export function jsonIn(text: string): Json {
  if (text.trim() === "") return {};
  const errors: ParseError[] = [];
  const json = asObject(parsed(text.replace(/^\uFEFF/, ""), errors));
  if (json === null || errors.length > 0) throw new Unreadable("it is no JSON object");
  return json;
}

/** The parser is recursive: deep nesting exhausts the stack. @throws Unreadable */
function parsed(text: string, errors: ParseError[]): unknown {
  try {
    return parse(text, errors, { allowTrailingComma: true, disallowComments: false });
  } catch (error) {
    if (error instanceof RangeError) throw new Unreadable("it is nested too deeply");
    throw error;
  }
}

const texts = v.optional(v.record(v.string(), v.unknown()));
const Entry = v.object({
  url: v.optional(v.string()),
  command: v.optional(v.string()),
  args: v.optional(v.array(v.unknown())),
  headers: texts,
  http_headers: texts,
  env_http_headers: texts,
  headersHelper: v.optional(v.string()),
  bearer_token_env_var: v.optional(v.string()),
  disabled: v.optional(v.boolean()),
  enabled: v.optional(v.boolean()),
});

/** @param servers the client's list of servers; absent: none. @throws Unreadable */
export function serversIn(servers: unknown): ConfiguredServer[] {
  if (servers === undefined || servers === null) return [];
  const all = asObject(servers);
  if (all === null) throw new Unreadable("its list of servers is no object");
  return Object.entries(all).map(([name, value]) => {
    const entry = v.safeParse(Entry, value);
    return entry.success ? serverOf(name, entry.output) : { name, url: null, skipReason: "its entry can't be read" };
  });
}

type Entry = v.InferOutput<typeof Entry>;

function serverOf(name: string, entry: Entry): ConfiguredServer {
  const { url: own, command, args = [], headers, http_headers, env_http_headers } = entry;
  const bridged = bridgedBy(command, args);
  const url = own ?? bridged?.url;
  if (url === undefined) return { name, url: null, skipReason: "it is a program that the client starts" };
  const profile = own === undefined ? bridged?.profile : undefined;
  return {
    name,
    url,
    ...(profile !== undefined && { profile }),
    skipReason: skipReasonOf(entry, url, { ...headers, ...http_headers, ...env_http_headers }),
  };
}

function skipReasonOf(entry: Entry, url: string, headers: Readonly<Record<string, unknown>>): string | null {
  if (entry.disabled === true || entry.enabled === false) return "it is switched off";
  if (url.includes("${")) return "a variable stands in its URL";
  if (entry.headersHelper !== undefined) return "a command gives its headers";
  const isGiven = entry.bearer_token_env_var !== undefined || Object.keys(headers).some(isCredential);
  return isGiven ? "it has a token of its own in the configuration" : null;
}

function isCredential(header: string): boolean {
  return /auth|token|key|secret|cookie/i.test(header);
}

/** Where the command is `auth mcp <url> [-p name]`, as `auth setup mcp` writes it. */
function bridgedBy(
  command: string | undefined,
  args: readonly unknown[],
): { readonly url: string; readonly profile: string | undefined } | undefined {
  const [group, url, flag, name] = args;
  const isOurs = /(^|[\\/])auth(\.exe)?$/i.test(command ?? "") && group === "mcp" && typeof url === "string";
  if (!isOurs || !/^https?:/.test(url)) return undefined;
  const isNamed = (flag === "-p" || flag === "--profile") && typeof name === "string";
  return { url, profile: isNamed ? name : undefined };
}
