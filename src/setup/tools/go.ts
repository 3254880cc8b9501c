/**
 * The file of `go env -w`. Commands that are there stay, and are asked first; by default that is .netrc.
 *
 * `go help goauth`: a list of commands with `;` between them, in which `off` can't be combined with others.
 */
import { usage } from "../../platform/errors.ts";
import { configFolder, inFolder, inHome } from "../../platform/places.ts";
import { settingValue } from "../formats/lines.ts";
import { requirePlace, requirePlain } from "../needs.ts";
import { helperWords, plainLine } from "../program.ts";
import type { SetupCall, Tool } from "../tool.ts";

const DEFAULT = "netrc";

export default {
  async plan(call) {
    const path = placeOf(call);
    const before = settingValue((await call.textOf(path)) ?? "", null, "GOAUTH") || DEFAULT;
    const commands = before.split(";").map((one) => one.trim());
    const carried = call.replace || before === "off" ? [] : requirePlain(commands, `GOAUTH in ${path}`);
    const value = [...carried, plainLine(helperWords(call, "go"), "go")].join("; ");
    const change = {
      kind: "lines",
      label: "go",
      lines: [`GOAUTH=${value}`],
      section: null,
      setting: "GOAUTH",
    } as const;
    return {
      wanted: [{ name: "GOAUTH", path, change, replaces: true }],
      notes:
        carried.length === 0 || before === DEFAULT ? [] : [`go still asks first, as it did: ${carried.join("; ")}`],
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
