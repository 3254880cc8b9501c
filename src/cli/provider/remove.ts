import { writePin } from "../../connections/plugins.ts";
import { display } from "../../connections/ref.ts";
import { listConnections } from "../../connections/store.ts";
import { AuthError, usage } from "../../platform/errors.ts";
import { isProviderId } from "../../providers/id.ts";
import { removePlugin } from "../../providers/plugins/install.ts";
import { defineCommand } from "../command.ts";
import { inSession, type Session } from "../session.ts";

export default defineCommand({
  name: "remove",
  description: "Remove a provider plugin that was installed",
  args: {
    id: { type: "positional", required: true, description: "The provider" },
    force: {
      type: "boolean",
      description: "Although there are logins at it, which can't be refreshed or revoked then",
    },
  },
  examples: [
    ["auth provider remove acme", "the plugin goes, and what this home knew of it"],
    ["auth provider remove acme --force", "also while there are logins at it"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      // Two files of one id, or one that can't be read, are removed by that id.
      const isInstalled = (await session.registry.ids()).includes(args.id);
      const id = isInstalled ? args.id : ((await session.registry.idOf(args.id)) ?? args.id);
      if (!args.force) await refuseWhileUsed(session, id);
      const found = isProviderId(id) && removePlugin(cli.context.paths.providers, id);
      const vault = await session.vault();
      if (vault !== null) await writePin(vault, id, null);
      if (!found)
        throw new AuthError("provider_not_found", `There is no plugin '${id}' here.`, {
          hint: "What is part of auth can't be removed. See which others there are: auth provider list",
        });
      await cli.context.audit({ event: "plugin", status: "success", message: `removed ${id}` });
      if (cli.output.isJson) return cli.output.json({ provider: id, removed: true });
      cli.output.success(`Removed ${id}.`);
    }),
});

/** Without its plugin a login can neither be refreshed nor revoked. */
async function refuseWhileUsed(session: Session, id: string): Promise<void> {
  const vault = await session.vault();
  const stored = vault === null ? [] : await listConnections(vault);
  const mine = stored.filter(({ ref, record }) => ref.provider === id && record.tokens !== null);
  if (mine.length === 0) return;
  throw usage(
    `There are logins at ${id}: ${mine.map(({ ref }) => display(ref)).join(", ")}.`,
    `Log out of them first, or: auth provider remove ${id} --force`,
  );
}
