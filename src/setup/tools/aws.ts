/** A profile in AWS' configuration. Keys of that name in the credentials file would have precedence. */
import { inFolder, inHome } from "../../platform/places.ts";
import { hasSection } from "../formats/lines.ts";
import { requireConnection, requireName, requirePlace } from "../needs.ts";
import { helperWords, posixLine } from "../program.ts";
import { refused } from "../refused.ts";
import type { Tool } from "../tool.ts";

export default {
  async plan(call) {
    requireConnection(call, "aws");
    const name = requireName(call, "aws", "the profile");
    const path = requirePlace(inFolder(call, "AWS_CONFIG_FILE", inHome(call, ".aws", "config")));
    const keys = requirePlace(inFolder(call, "AWS_SHARED_CREDENTIALS_FILE", inHome(call, ".aws", "credentials")));
    if (hasSection((await call.textOf(keys)) ?? "", `[${name}]`))
      throw refused(`${keys} has keys for '${name}', which go first.`, "Take them out, or choose another --name.");
    const words = helperWords(call, "aws");
    const command =
      call.platform === "win32"
        ? words.map((word) => (/\s/.test(word) ? `"${word}"` : word)).join(" ")
        : posixLine(words);
    const inFull = `[profile ${name}]`;
    const isShort = name === "default" && !hasSection((await call.textOf(path)) ?? "", inFull);
    const section = isShort ? "[default]" : inFull;
    const setting = "credential_process";
    const lines = [`${setting} = ${command}`];
    return { wanted: [{ name, path, change: { kind: "lines", label: `aws ${name}`, lines, section, setting } }] };
  },
} satisfies Tool;
