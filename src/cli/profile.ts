import { defineGroup } from "./command.ts";

export default defineGroup({
  name: "profile",
  description: "Settings of connections, without logging in",
  group: "scripting",
  commands: {
    create: () => import("./profile/create.ts"),
    edit: () => import("./profile/edit.ts"),
    show: () => import("./profile/show.ts"),
    list: () => import("./profile/list.ts"),
    delete: () => import("./profile/delete.ts"),
  },
  otherNames: {
    create: ["add", "new"],
    edit: ["set", "update"],
    show: ["get"],
    list: ["ls"],
    delete: ["remove", "rm"],
  },
  examples: [
    ["auth profile create {a}:work --scope repo", "then: auth login {a}:work"],
    ["auth profile edit {a}:work --add-scope gist", "takes effect at the next login"],
    ["auth profile list", "all of them"],
  ],
});
