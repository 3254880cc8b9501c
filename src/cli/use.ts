import { updateDefaults } from "../connections/defaults.ts";
import { display, vaultName } from "../connections/ref.ts";
import { profileOf, select } from "../connections/select.ts";
import { notFound, readConnection } from "../connections/store.ts";
import { usage } from "../platform/errors.ts";
import { defineCommand } from "./command.ts";
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
      if (vault === null || stored === null) throw notFound(selected.ref);
      await updateDefaults(vault, (defaults) => ({
        ...defaults,
        overall: vaultName(stored.ref),
        providers: { ...defaults.providers, [stored.ref.provider]: stored.ref.name },
      }));
      if (cli.output.isJson)
        return cli.output.json({ connection: display(stored.ref), default: true, providerDefault: true });
      cli.output.success(`${display(stored.ref)} is now the default, and the default of ${stored.ref.provider}.`);
    }),
});
