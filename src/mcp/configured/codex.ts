/**
 * Codex: `config.toml`, for the user and in a project.
 *
 * https://developers.openai.com/codex/mcp; the fields: https://github.com/openai/codex, codex-rs/config/src/mcp_types.rs
 */
import { parse } from "smol-toml";
import { inFolder, inHome } from "../../platform/places.ts";
import { type ConfiguringClient, Unreadable } from "./client.ts";
import { serversIn } from "./entries.ts";

const LIST = "mcp_servers";

export const codex: ConfiguringClient = {
  id: "codex",
  title: "Codex",
  places: (where) => inFolder(where, "CODEX_HOME", inHome(where, ".codex"), "config.toml"),
  inProject: [".codex/config.toml"],
  list: LIST,
  format: "toml",
  read: (text) => serversIn(tomlIn(text)[LIST]),
};

function tomlIn(text: string): Readonly<Record<string, unknown>> {
  try {
    return parse(text.replace(/^\uFEFF/, ""));
  } catch {
    throw new Unreadable("it is no TOML");
  }
}
