/** Cursor: `mcp.json`, for the user and in a project. https://cursor.com/docs/mcp */
import { inHome } from "../../platform/places.ts";
import type { ConfiguringClient } from "./client.ts";
import { jsonIn, serversIn } from "./entries.ts";

const LIST = "mcpServers";

export const cursor: ConfiguringClient = {
  id: "cursor",
  title: "Cursor",
  places: (where) => inHome(where, ".cursor", "mcp.json"),
  inProject: [".cursor/mcp.json"],
  list: LIST,
  format: "json",
  read: (text) => serversIn(jsonIn(text)[LIST]),
};
