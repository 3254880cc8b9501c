import { tokenHelperParts } from "../token-helper.ts";
import type { Tool } from "../tool.ts";

export default {
  plan: async (call) => tokenHelperParts(call, "openbao", "BAO_CONFIG_PATH", ".bao"),
} satisfies Tool;
