/** The file of `go env -w`. What was asked before stays, and is asked first; where nothing is set, that is .netrc. */
import { usage } from "../../platform/errors.ts";
import { configFolder, inFolder, inHome } from "../../platform/places.ts";
import { requirePlace } from "../needs.ts";
import { helperWords, plainLine } from "../program.ts";
import type { SetupCall, Tool } from "../tool.ts";

const DEFAULT = "netrc";

export default {
  async plan(call) {
    const path = placeOf(call);
    const lines = ((await call.textOf(path)) ?? "").split(/\r?\n/);
    const before = lines.find((line) => line.startsWith("GOAUTH="))?.slice("GOAUTH=".length) || DEFAULT;
    const command = plainLine(helperWords(call, "go"), "go");
    const value = [...(before === "off" ? [] : [before]), command].join("; ");
    const change = {
      kind: "lines",
      label: "go",
      lines: [`GOAUTH=${value}`],
      section: null,
      setting: "GOAUTH",
    } as const;
    return {
      wanted: [{ name: "GOAUTH", path, change, replaces: true }],
      notes: before === DEFAULT ? [] : [`go still asks first, as it did: ${before}`],
    };
  },
} satisfies Tool;

/** `go help environment`: os.UserConfigDir. */
function placeOf(call: SetupCall): string {
  const { GOENV: named } = call.env;
  if (named === "off") throw usage("GOENV=off: go reads no file of settings.", "Unset GOENV.");
  if (named) return requirePlace(inFolder(call, "GOENV", []));
  const mac = inHome(call, "Library", "Application Support", "go");
  const folders = call.platform === "darwin" ? mac : configFolder(call, "go");
  return requirePlace(inFolder(call, "", folders, "env"));
}
