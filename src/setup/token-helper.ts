/** The token helper of Vault and OpenBao: a full path, and no words. */
import { inFolder, inHome } from "../platform/places.ts";
import { requirePlace } from "./needs.ts";
import { linkTo } from "./program.ts";
import type { Planned, SetupCall } from "./tool.ts";

export function tokenHelperParts(call: SetupCall, tool: string, variable: string, file: string): Planned {
  const path = requirePlace(inFolder(call, variable, inHome(call, file)));
  const setting = "token_helper";
  const link = linkTo(call, "vault-token-auth", setting);
  const lines = [`${setting} = ${JSON.stringify(link.path)}`];
  const change = { kind: "lines", label: tool, lines, section: null, setting } as const;
  return { wanted: [link, { name: setting, path, change }] };
}
