/** OpenTofu reads Terraform's file where it has none of its own: one of its own would hide what is in that. */
import { inFolder, inHome } from "../../platform/places.ts";
import { requirePlace } from "../needs.ts";
import { helperParts } from "../terraform.ts";
import type { Tool } from "../tool.ts";

export default {
  async plan(call) {
    const place = (name: string): string =>
      requirePlace(
        call.platform === "win32" ? inFolder(call, "APPDATA", [], `${name}.rc`) : inHome(call, `.${name}rc`),
      );
    const [own, other] = [place("tofu"), place("terraform")];
    const isOther = (await call.textOf(own)) === null && (await call.textOf(other)) !== null;
    return helperParts(call, isOther ? other : own);
  },
} satisfies Tool;
