import { writePin } from "../connections/plugins.ts";
import { display } from "../connections/ref.ts";
import { AuthError, usage } from "../platform/errors.ts";
import { isProviderId } from "../providers/names.ts";
import { removePlugin } from "../providers/plugins/install.ts";
import { printTable } from "./columns.ts";
import { defineCommand, defineGroup, loaded } from "./command.ts";
import { type ProviderView, viewOf } from "./provider/view.ts";
import { inSession, type Session } from "./session.ts";
import { connectionsOf } from "./stored.ts";

const list = defineCommand({
  name: "list",
  description: "List the providers that can be logged in to",
  args: {
    word: {
      type: "positional",
      required: false,
      completes: "provider",
      description: "Only those with it in their name, title, aliases or sets of scopes",
    },
  },
  examples: [
    ["auth provider list", "as a table"],
    ["auth provider list {a}", "those with the word in their names"],
    ["auth provider list --json", "for a program"],
  ],
  run: (cli, { word }) =>
    inSession(cli, async (session) => {
      const ids = await session.registry.everyId();
      const all = await Promise.all(ids.map((id) => viewOf(session, id)));
      const views = word === undefined ? all : all.filter((view) => isAbout(view, word.toLowerCase()));
      // None at all: throws the error for the name.
      if (word !== undefined && views.length === 0) await session.registry.require(word);
      if (cli.output.isJson) return cli.output.json(views);
      const rows = views.map(({ id, title, origin, flows, variables, replaces }) => [
        id,
        title,
        replaces ? `${origin}, replaces` : origin,
        flows.join(" "),
        variables.read.join(" "),
      ]);
      await printTable(cli.output, ["PROVIDER", "TITLE", "ORIGIN", "FLOWS", "VARIABLES"], rows);
      for (const { id, replaces, fault } of views) {
        if (fault !== null) cli.output.warn(fault);
        if (replaces)
          cli.output.warn(`${id} is a plugin that may replace another provider, or use what belongs to it.`);
      }
    }),
});

function isAbout({ id, title, aliases, presets }: ProviderView, word: string): boolean {
  return [id, title, ...aliases, ...presets].some((name) => name.toLowerCase().includes(word));
}

const remove = defineCommand({
  name: "remove",
  description: "Remove a provider plugin that was installed",
  args: {
    id: { type: "positional", required: true, completes: "plugin", description: "The provider" },
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
      // Also removes two files of one id, or one that can't be read.
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
      await cli.output.result({ provider: id, removed: true }, `Removed ${id}.`);
    }),
});

/** Without its plugin a login can neither be refreshed nor revoked. */
async function refuseWhileUsed(session: Session, id: string): Promise<void> {
  const all = await connectionsOf(session);
  const users = all.filter(({ ref, record }) => ref.provider === id && record.tokens !== null);
  if (users.length === 0) return;
  throw usage(
    `There are logins at ${id}: ${users.map(({ ref }) => display(ref)).join(", ")}.`,
    `Log out of them first, or: auth provider remove ${id} --force`,
  );
}

const types = defineCommand({
  name: "types",
  description: "Print TypeScript types or a JSON Schema, with which editors complete a provider's description",
  args: {
    "json-schema": { type: "boolean", description: "For manifests: a JSON Schema instead of TypeScript" },
  },
  examples: [
    ["auth provider types > auth-provider.d.ts", "beside a module that imports from auth/provider"],
    ["auth provider types --json-schema > auth-provider.schema.json", "for TOML and JSON manifests"],
  ],
  run: async (cli, args) => {
    // A JSON Schema is the one of the two that is JSON.
    if (args["json-schema"] || cli.output.isJson) {
      const { manifestSchema } = await import("../providers/schema/json-schema.ts");
      return cli.output.json(manifestSchema());
    }
    const { typings } = await import("../providers/schema/typings.ts");
    await cli.output.text(typings().trimEnd());
  },
});

export default defineGroup({
  name: "provider",
  description: "The services that can be logged in to",
  group: "setup",
  commands: {
    ...loaded({ list }),
    show: () => import("./provider/show.ts"),
    new: () => import("./provider/new.ts"),
    check: () => import("./provider/check.ts"),
    try: () => import("./provider/try.ts"),
    add: () => import("./provider/add.ts"),
    trust: () => import("./provider/trust.ts"),
    ...loaded({ remove, types }),
  },
  otherNames: { add: ["install"], new: ["create", "init"], list: ["ls"], remove: ["rm", "delete", "uninstall"] },
  examples: [
    ["auth provider list", "which there are"],
    ["auth provider show {a}", "how one is logged in to, and which variables it reads and writes"],
  ],
});
