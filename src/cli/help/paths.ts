/** Where things are kept (CLI.md §7), for this environment. */
import { posix, win32 } from "node:path";
import type { Environment } from "../../platform/context.ts";
import { type Paths, pathsFor } from "../../platform/paths.ts";
import type { Topic } from "./topics.ts";

const MEANINGS: Readonly<Record<keyof Paths, string>> = {
  vault:
    "The vault, unless AUTH_STORE or 'auth vault use' names another: every login, sealed. Its locks are beside it, in vault.locks.",
  key: "The key file, where the vault's key is kept in a file.",
  identity: "This machine's own key, as a member of a vault: auth vault member key.",
  store: "The address of another vault that is used: auth vault use.",
  providers: "Provider plugins.",
  backups: "Copies of other programs' files, as they were before 'auth import --move'.",
  audit: "The audit log: auth log.",
  requests: "What went through the proxy: a line for each request.",
  log: "The debug log.",
  setup: "What 'auth setup' has changed in other programs' files, and its scripts.",
  agent: "Where the agent is reached, on whatever terminal it was started.",
  told: "Which logins someone was told of: AUTH_NOTIFY_COMMAND.",
  runtime: "Files that live only while a command runs.",
};

const SHARED = "What this home keeps of vaults that machines share: which they are, and what it read of them, sealed.";

/** @throws AuthError `vault_unwritable` when the user's folders aren't known */
export function paths(env: Environment, platform: NodeJS.Platform): Topic {
  const places = pathsFor(env, platform);
  const { dirname, join } = platform === "win32" ? win32 : posix;
  const shared = join(dirname(places.vault), "shared");
  const names = Object.keys(MEANINGS) as (keyof Paths)[];
  const title = env.AUTH_HOME ? "Paths (AUTH_HOME is set)" : "Paths";
  return {
    intro: "Where the vault, its key, plugins and logs are. AUTH_HOME moves everything into one folder",
    sections: [{ title, rows: [...names.map((name) => [places[name], MEANINGS[name]] as const), [shared, SHARED]] }],
    document: { ...Object.fromEntries(names.map((name) => [name, places[name]])), shared },
  };
}
