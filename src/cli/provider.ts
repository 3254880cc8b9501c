import { defineGroup } from "./command.ts";

export default defineGroup({
  name: "provider",
  description: "The services that can be logged in to",
  group: "setup",
  commands: {
    list: () => import("./provider/list.ts"),
    show: () => import("./provider/show.ts"),
    new: () => import("./provider/new.ts"),
    check: () => import("./provider/check.ts"),
    add: () => import("./provider/add.ts"),
    trust: () => import("./provider/trust.ts"),
    remove: () => import("./provider/remove.ts"),
    types: () => import("./provider/types.ts"),
  },
  otherNames: { add: ["install"], new: ["create", "init"], list: ["ls"], remove: ["rm", "delete", "uninstall"] },
  examples: [
    ["auth provider list", "which there are"],
    ["auth provider show {a}", "how one is logged in to, and which variables it reads and writes"],
  ],
});
