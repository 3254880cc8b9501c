/** Where to create a client for an MCP server whose issuer registers none, by the provider's description. */
import type { Registry } from "./registry.ts";
import type { ProviderDefinition } from "./schema.ts";
import { fill } from "./template.ts";

export interface ServerHelp {
  /** The page; null: the notes say. */
  readonly create: string | null;
  readonly notes: readonly string[];
  /** Whether the client has a secret. */
  readonly secret: boolean;
}

/**
 * @param url the server's
 * @returns null where no description names its host. Plugins don't count: one could send people to any page
 */
export async function serverHelp(registry: Registry, url: string): Promise<ServerHelp | null> {
  const { hostname } = new URL(url);
  for (const id of await registry.everyId()) {
    if (await registry.isPlugin(id)) continue;
    const definition = await registry.get(id);
    if (definition.mcp?.hosts.some((host) => isAt(host, hostname)) !== true) continue;
    const { notes, secret = false } = definition.mcp;
    return { create: pageOf(definition), notes, secret };
  }
  return null;
}

function isAt(host: string, hostname: string): boolean {
  return host.startsWith("*.") ? hostname.endsWith(host.slice(1)) : hostname === host;
}

/** null also where it depends on a setting of the account, which isn't known here. */
function pageOf({ mcp, client, settings = {} }: ProviderDefinition): string | null {
  const page = mcp?.create ?? client?.create;
  const defaults = Object.entries(settings).flatMap(([name, { default: value }]) => (value ? [[name, value]] : []));
  return page === undefined ? null : fill(page, Object.fromEntries(defaults));
}
