import { tokenHelperParts } from "../token-helper.ts";
import type { Tool } from "../tool.ts";

export default {
  plan: async (call) => tokenHelperParts(call, "vault", "VAULT_CONFIG_PATH", ".vault"),
} satisfies Tool;
