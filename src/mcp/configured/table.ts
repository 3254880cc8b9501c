/** The clients whose files are read. */
import { claudeCode } from "./claude-code.ts";
import { type ConfiguringClient, Unreadable } from "./client.ts";
import { codex } from "./codex.ts";
import { cursor } from "./cursor.ts";
import { jsonIn } from "./entries.ts";
import { vscode } from "./vscode.ts";

export const CLIENTS: readonly ConfiguringClient[] = [claudeCode, codex, vscode, cursor];

/** null: there is none of that name. */
export function clientNamed(id: string): ConfiguringClient | null {
  return CLIENTS.find((client) => client.id === id) ?? null;
}

/** The client whose form a file has that a person named, by its content or name. @throws Unreadable */
export function clientOf(path: string, text: string): ConfiguringClient {
  if (path.endsWith(".toml")) return codex;
  const json = jsonIn(text);
  const isCursors = /[\\/]\.cursor[\\/]/.test(path);
  if (json.mcpServers !== undefined || json.projects !== undefined) return isCursors ? cursor : claudeCode;
  if (json.servers !== undefined) return vscode;
  throw new Unreadable("it has no list of MCP servers");
}
