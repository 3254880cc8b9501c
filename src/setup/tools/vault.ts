/** The token helper of Vault and OpenBao: a full path, without arguments. */
import { inFolder, inHome } from "../../platform/places.ts";
import { requirePlace } from "../needs.ts";
import { linkTo } from "../program.ts";
import type { Tool } from "../tool.ts";

const SETTING = "token_helper";

function tokenHelper(tool: string, variable: string, file: string): Tool {
  return {
    async plan(call) {
      const path = requirePlace(inFolder(call, variable, inHome(call, file)));
      const link = linkTo(call, "vault-token-auth", SETTING);
      const lines = [`${SETTING} = ${JSON.stringify(link.path)}`];
      const change = { kind: "lines", label: tool, lines, section: null, setting: SETTING } as const;
      return { wanted: [link, { name: SETTING, path, change }] };
    },
  };
}

export const vault = tokenHelper("vault", "VAULT_CONFIG_PATH", ".vault");
export const openbao = tokenHelper("openbao", "BAO_CONFIG_PATH", ".bao");
