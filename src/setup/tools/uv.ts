/** uv's configuration of the user, before its tables: it asks `keyring` as a program. */
import { configFolder, inFolder } from "../../platform/places.ts";
import { requirePlace } from "../needs.ts";
import { keyringLink, pathNotes } from "../program.ts";
import type { Tool } from "../tool.ts";

export default {
  async plan(call) {
    const setting = "keyring-provider";
    const lines = [`${setting} = "subprocess"`];
    const change = { kind: "lines", label: "uv", lines, section: "", setting, syntax: "toml" } as const;
    const usual = inFolder(call, "", configFolder(call, "uv"), "uv.toml");
    const path = requirePlace(inFolder(call, "UV_CONFIG_FILE", usual));
    return { wanted: [keyringLink(call, setting), { name: setting, path, change }], notes: pathNotes(call, "keyring") };
  },
} satisfies Tool;
