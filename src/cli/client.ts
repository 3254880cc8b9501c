import { defineGroup } from "./command.ts";

export default defineGroup({
  name: "client",
  description: "The OAuth clients that logins use",
  group: "setup",
  commands: {
    set: () => import("./client/set.ts"),
    list: () => import("./client/list.ts"),
    remove: () => import("./client/remove.ts"),
  },
  otherNames: { set: ["add", "create", "edit"], list: ["ls"], remove: ["rm", "delete"] },
  examples: [
    ["auth client set {a} --client-id my-id --client-secret -", "the secret is read from standard input"],
    ["auth client list", "ids, never secrets"],
  ],
});
