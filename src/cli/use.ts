import { hasNoDefault, updateDefaults } from "../connections/defaults.ts";
import { display, vaultName } from "../connections/ref.ts";
import { profileOf } from "../connections/select.ts";
import { usage } from "../platform/errors.ts";
import { connectionArgs, defineCommand } from "./command.ts";
import { inSession } from "./session.ts";
import { requireStored, selectStored } from "./stored.ts";

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
      const { ref } = await requireStored(session, (await selectStored(session, args.connection, profile)).ref);
      const { provider, name } = ref;
      const { vault } = await session.services();
      const providerDefault = !(await hasNoDefault(session.registry, provider));
      await updateDefaults(vault, (defaults) => ({
        ...defaults,
        overall: vaultName(ref),
        providers: providerDefault ? { ...defaults.providers, [provider]: name } : defaults.providers,
      }));
      const besides = providerDefault ? `, and the default of ${provider}` : "";
      await cli.output.result(
        { connection: display(ref), default: true, providerDefault },
        `${display(ref)} is now the default${besides}.`,
      );
    }),
});
