/**
 * Claude Code: `.claude.json` for the user, with servers of one folder beside those of all, and `.mcp.json` in a project.
 *
 * https://code.claude.com/docs/en/mcp
 */
import { posix } from "node:path";
import { asObject } from "../../platform/json.ts";
import { inFolder, inHome } from "../../platform/places.ts";
import type { ConfiguringClient } from "./client.ts";
import { jsonIn, serversIn } from "./entries.ts";

const LIST = "mcpServers";

export const claudeCode: ConfiguringClient = {
  id: "claude-code",
  title: "Claude Code",
  hasHeadersHelper: true,
  places: (where) => inFolder(where, "CLAUDE_CONFIG_DIR", inHome(where), ".claude.json"),
  inProject: [".mcp.json"],
  list: LIST,
  format: "json",
  namesType: true,
  read: (text, { folder }) => {
    const json = jsonIn(text);
    const projects = asObject(json.projects) ?? {};
    const here = Object.keys(projects).filter((path) => folder === path || folder.startsWith(posix.join(path, "/")));
    const local = here.flatMap((path) => serversIn(asObject(projects[path])?.[LIST]));
    return [...serversIn(json[LIST]), ...local];
  },
};
