/** A vault id in the user's ansible.cfg. Those that are there stay; a project's ansible.cfg has precedence over this one. */
import { usage } from "../../platform/errors.ts";
import { inFolder, inHome } from "../../platform/places.ts";
import { settingValue } from "../formats/lines.ts";
import { requireConnection, requirePlace, requirePlain } from "../needs.ts";
import { scriptFor } from "../program.ts";
import type { Tool } from "../tool.ts";

export default {
  async plan(call) {
    const connection = requireConnection(call, "ansible");
    const path = requirePlace(inFolder(call, "ANSIBLE_CONFIG", inHome(call, ".ansible.cfg")));
    const setting = "vault_identity_list";
    const script = scriptFor({ ...call, connection: null, rest: [] }, "ansible", "auth-client", setting);
    const ids = idsIn(settingValue((await call.textOf(path)) ?? "", SECTION, setting) ?? "");
    const carried = call.replace ? [] : requirePlain(ids, `${setting} in ${path}`);
    const own = `${connection}@${script.path}`;
    if (/[,;'"]/.test(own))
      throw usage(`Ansible can't name '${script.path}' in a list.`, "Move auth to another folder.");
    const value = [...carried, own].join(", ");
    const lines = [`${setting} = ${value}`];
    const change = { kind: "lines", label: "ansible", lines, section: SECTION, setting } as const;
    const notes = carried.length > 0 ? [`The vault ids that were there stay: ${carried.join(", ")}`] : [];
    return { wanted: [script, { name: setting, path, change, replaces: true }], notes };
  },
} satisfies Tool;

const SECTION = "[defaults]";

/** Ansible's type `list`: with commas between, and a comment from a `;` that follows a blank. */
function idsIn(value: string): string[] {
  const [before = ""] = value.split(/(?:^|\s);/);
  const text = before.trim();
  return text === "" ? [] : text.split(",").map((one) => one.trim());
}
