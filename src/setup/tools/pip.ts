/** pip's own configuration: it asks `keyring` as a program. The user name in an index's address is the connection's. */
import { configFolder, inFolder, inHome } from "../../platform/places.ts";
import { settingValue } from "../formats/lines.ts";
import { requirePlace } from "../needs.ts";
import { keyringLink, pathNotes } from "../program.ts";
import type { SetupCall, Tool } from "../tool.ts";

export default {
  async plan(call) {
    const setting = "keyring-provider";
    const lines = [`${setting} = subprocess`];
    const change = { kind: "lines", label: "pip", lines, section: "[global]", setting } as const;
    const path = await placeOf(call);
    const notes = [...pathNotes(call, "keyring"), ...overriding((await call.textOf(path)) ?? "", path, setting)];
    return { wanted: [keyringLink(call, setting), { name: setting, path, change }], notes };
  },
} satisfies Tool;

/** Commands of pip that ask an index. Each reads its own section after `[global]`. */
const COMMANDS = ["install", "download", "wheel", "index", "list", "lock"];

function overriding(text: string, path: string, setting: string): string[] {
  return COMMANDS.flatMap((command) => {
    const value = settingValue(text, `[${command}]`, setting);
    if (value === null || value === "subprocess") return [];
    return [
      `[${command}] in ${path} sets ${setting}, too, and goes first: take it out, or 'pip ${command}' won't ask auth.`,
    ];
  });
}

async function placeOf(call: SetupCall): Promise<string> {
  if (call.env.PIP_CONFIG_FILE) return requirePlace(inFolder(call, "PIP_CONFIG_FILE", []));
  if (call.platform === "win32") return requirePlace(inFolder(call, "APPDATA", [], "pip", "pip.ini"));
  const mac = requirePlace(inHome(call, "Library", "Application Support", "pip", "pip.conf"));
  if (call.platform === "darwin" && (await call.textOf(mac)) !== null) return mac;
  return requirePlace(inFolder(call, "", configFolder(call, "pip"), "pip.conf"));
}
