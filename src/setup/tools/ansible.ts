/** A vault id of the user's ansible.cfg. Those that are there stay; a project's own ansible.cfg goes before this one. */
import { inFolder, inHome } from "../../platform/places.ts";
import { requireConnection, requirePlace } from "../needs.ts";
import { scriptFor } from "../program.ts";
import type { Tool } from "../tool.ts";

export default {
  async plan(call) {
    const connection = requireConnection(call, "ansible");
    const path = requirePlace(inFolder(call, "ANSIBLE_CONFIG", inHome(call, ".ansible.cfg")));
    const setting = "vault_identity_list";
    const script = scriptFor({ ...call, connection: null, rest: [] }, "ansible", "auth-client", setting);
    const before = /^[ \t]*vault_identity_list[ \t]*[=:]([^\r\n]*)/im
      .exec((await call.textOf(path)) ?? "")?.[1]
      ?.trim();
    const value = [...(before ? [before] : []), `${connection}@${script.path}`].join(", ");
    const lines = [`${setting} = ${value}`];
    const change = { kind: "lines", label: "ansible", lines, section: "[defaults]", setting } as const;
    const notes = before ? [`The vault ids that were there stay: ${before}`] : [];
    return { wanted: [script, { name: setting, path, change, replaces: true }], notes };
  },
} satisfies Tool;
