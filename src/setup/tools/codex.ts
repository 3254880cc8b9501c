/** The token of a model provider of Codex: it is kept for five minutes. */
import { inFolder, inHome } from "../../platform/places.ts";
import { requireBareName, requireConnection, requirePlace } from "../needs.ts";
import type { Tool } from "../tool.ts";

const KEPT = ["--min-ttl", "360"];

export default {
  async plan(call) {
    const connection = requireConnection(call, "codex");
    const name = requireBareName(call, "codex", "the model provider");
    const path = requirePlace(inFolder(call, "CODEX_HOME", inHome(call, ".codex"), "config.toml"));
    const args = ["token", connection, ...(call.rest.length > 0 ? call.rest : KEPT)];
    const lines = [
      `command = ${JSON.stringify(call.auth)}`,
      `args = [${args.map((word) => JSON.stringify(word)).join(", ")}]`,
    ];
    const section = `[model_providers.${name}.auth]`;
    const change = {
      kind: "lines",
      label: `codex ${name}`,
      lines,
      section,
      setting: "command",
      syntax: "toml",
    } as const;
    return { wanted: [{ name, path, change }] };
  },
} satisfies Tool;
