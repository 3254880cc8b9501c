/** The one `credentials_helper` of Terraform's configuration, or OpenTofu's, and the program that it names. */
import { inFolder, inHome, joined } from "../../platform/places.ts";
import { requirePlace } from "../needs.ts";
import { linkTo } from "../program.ts";
import { refused } from "../refused.ts";
import type { Planned, SetupCall, Tool } from "../tool.ts";

export const terraform: Tool = {
  plan: (call) => helperIn(call, configurationOf(call, "terraform")),
};

/** OpenTofu reads Terraform's file where it has none of its own: a new one of its own would hide what is in that. */
export const opentofu: Tool = {
  async plan(call) {
    const [own, other] = [configurationOf(call, "tofu"), configurationOf(call, "terraform")];
    const isOther = (await call.textOf(own)) === null && (await call.textOf(other)) !== null;
    return helperIn(call, isOther ? other : own);
  },
};

function configurationOf(call: SetupCall, name: string): string {
  return requirePlace(
    call.platform === "win32" ? inFolder(call, "APPDATA", [], `${name}.rc`) : inHome(call, `.${name}rc`),
  );
}

async function helperIn(call: SetupCall, usual: string): Promise<Planned> {
  const path = requirePlace(call.env.TF_CLI_CONFIG_FILE ? inFolder(call, "TF_CLI_CONFIG_FILE", []) : [usual]);
  const text = ((await call.textOf(path)) ?? "").split(/\r?\n/);
  const args = [...(call.connection === null ? [] : [call.connection]), ...call.rest];
  const inner = args.length === 0 ? [] : [`  args = [${args.map((one) => JSON.stringify(one)).join(", ")}]`];
  const lines = ['credentials_helper "auth" {', ...inner, "}"];
  const at = text.findIndex((line) => /^\s*credentials_helper\s/.test(line));
  // The other of the two may have set up the same in the file that both read.
  const isSame =
    text[at - 1]?.startsWith("# >>> auth setup") && lines.every((line, number) => text[at + number] === line);
  if (at >= 0 && !isSame)
    throw refused(
      `${path} has another helper already, and can have one only: line ${at + 1}.`,
      "Take it out, if auth is to be asked.",
    );
  const name = "credentials_helper";
  return {
    wanted: [
      linkTo(call, "terraform-credentials-auth", name, pluginsOf(call)),
      { name, path, change: { kind: "lines", label: "terraform", lines, section: null, setting: null } },
    ],
  };
}

function pluginsOf(call: SetupCall): string {
  const folder =
    call.platform === "win32" ? inFolder(call, "APPDATA", [], "terraform.d") : inHome(call, ".terraform.d");
  return joined(call, requirePlace(folder), "plugins");
}
