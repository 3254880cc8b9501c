import { defineGroup } from "./command.ts";

export default defineGroup({
  name: "vault",
  description: "The sealed store: where it is and what opens it",
  group: "setup",
  commands: {
    status: () => import("./vault/status.ts"),
    init: () => import("./vault/init.ts"),
    rekey: () => import("./vault/rekey.ts"),
  },
  examples: [
    ["auth vault status", "where it is, what its key comes from"],
    ["auth vault rekey --key passphrase", "a new key, from a passphrase"],
  ],
});
