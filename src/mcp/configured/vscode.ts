/** VS Code: `mcp.json`, for the user's profile and in a project. https://code.visualstudio.com/docs/copilot/reference/mcp-configuration */
import { configFolder, inHome, joined, type Surroundings } from "../../platform/places.ts";
import type { ConfiguringClient } from "./client.ts";
import { jsonIn, serversIn } from "./entries.ts";

const LIST = "servers";

export const vscode: ConfiguringClient = {
  id: "vscode",
  title: "VS Code",
  places: (where) => profileFolders(where).map((folder) => joined(where, folder, "User", "mcp.json")),
  inProject: [".vscode/mcp.json"],
  list: LIST,
  format: "json",
  namesType: true,
  read: (text) => serversIn(jsonIn(text)[LIST]),
};

function profileFolders(where: Surroundings): string[] {
  return where.platform === "darwin"
    ? inHome(where, "Library", "Application Support", "Code")
    : configFolder(where, "Code");
}
