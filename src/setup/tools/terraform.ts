import { inFolder, inHome } from "../../platform/places.ts";
import { requirePlace } from "../needs.ts";
import { helperParts } from "../terraform.ts";
import type { Tool } from "../tool.ts";

export default {
  plan(call) {
    const usual =
      call.platform === "win32" ? inFolder(call, "APPDATA", [], "terraform.rc") : inHome(call, ".terraformrc");
    return helperParts(call, requirePlace(usual));
  },
} satisfies Tool;
