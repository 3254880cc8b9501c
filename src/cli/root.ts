/** The command tree. Each command is read only when it is named. */
import { defineGroup } from "./command.ts";

export const root = defineGroup({
  name: "auth",
  description: "Keeps every token you need valid: log in once, and any program on this machine gets a working one",
  commands: {
    login: () => import("./login.ts"),
    logout: () => import("./logout.ts"),
    status: () => import("./status.ts"),
    list: () => import("./list.ts"),
    use: () => import("./use.ts"),
    token: () => import("./token.ts"),
    refresh: () => import("./refresh.ts"),
    revoke: () => import("./revoke.ts"),
    run: () => import("./run.ts"),
    get: () => import("./get.ts"),
    export: () => import("./export.ts"),
    inspect: () => import("./inspect.ts"),
    profile: () => import("./profile.ts"),
    client: () => import("./client.ts"),
    doctor: () => import("./doctor.ts"),
    log: () => import("./log.ts"),
    vault: () => import("./vault.ts"),
    provider: () => import("./provider.ts"),
  },
  examples: [
    ["auth login {a}", "log in"],
    ["auth token {a}", "print a token that works"],
    ["auth run {a} -- make release", "run a command that has it"],
  ],
});
