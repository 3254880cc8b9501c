import { updateDefaults } from "../connections/defaults.ts";
import { missing } from "../connections/missing.ts";
import { display, vaultName } from "../connections/ref.ts";
import { profileOf, select } from "../connections/select.ts";
import { readConnection } from "../connections/store.ts";
import { usage } from "../platform/errors.ts";
import { defineCommand } from "./command.ts";
import { hasNoDefault } from "./entries.ts";
import { connectionArgs } from "./selector.ts";
import { inSession } from "./session.ts";

export default defineCommand({
  name: "use",
  description: "Choose the default connection: of its provider, and of all",
  group: "everyday",
  args: connectionArgs("-p says which"),
  examples: [
    ["auth use {a}:work", "'auth token {a}' and 'auth token' now mean this one"],
    ["auth use -p work", "the one connection named work"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const profile = profileOf(session.context.env, args.connection, args.profile);
      if (args.connection === undefined && profile === undefined)
        throw usage("Which connection?", "Name one: auth use <connection>\nSee what there is: auth list");
      const selected = await select(session, { argument: args.connection, profile, stored: true });
      if (selected.source !== "vault") return;
      const vault = await session.vault();
      const stored = vault === null ? null : await readConnection(vault, selected.ref);
      if (vault === null || stored === null) throw await missing(vault, selected.ref);
      const { provider, name } = stored.ref;
      const providerDefault = !(await hasNoDefault(session, provider));
      await updateDefaults(vault, (defaults) => ({
        ...defaults,
        overall: vaultName(stored.ref),
        providers: providerDefault ? { ...defaults.providers, [provider]: name } : defaults.providers,
      }));
      if (cli.output.isJson)
        return cli.output.json({ connection: display(stored.ref), default: true, providerDefault });
      const besides = providerDefault ? `, and the default of ${provider}` : "";
      cli.output.success(`${display(stored.ref)} is now the default${besides}.`);
    }),
});
