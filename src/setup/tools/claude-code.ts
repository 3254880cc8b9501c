/** Claude Code's `apiKeyHelper`: it keeps a key for five minutes. */
import { inFolder, inHome } from "../../platform/places.ts";
import { requireConnection, requirePlace } from "../needs.ts";
import { posixLine } from "../program.ts";
import type { Tool } from "../tool.ts";

const KEPT = ["--min-ttl", "360"];

export default {
  async plan(call) {
    const connection = requireConnection(call, "claude-code");
    const path = requirePlace(inFolder(call, "CLAUDE_CONFIG_DIR", inHome(call, ".claude"), "settings.json"));
    const value = posixLine([call.auth, "token", connection, ...(call.rest.length > 0 ? call.rest : KEPT)]);
    return { wanted: [{ name: "apiKeyHelper", path, change: { kind: "json", path: ["apiKeyHelper"], value } }] };
  },
} satisfies Tool;
