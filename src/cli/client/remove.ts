import { listClients, updateClients } from "../../connections/clients.ts";
import { asLoggedIn } from "../../connections/pin.ts";
import { display, parseSelector } from "../../connections/ref.ts";
import { listConnections } from "../../connections/store.ts";
import { AuthError, usage } from "../../platform/errors.ts";
import { shellWord } from "../../platform/shell-word.ts";
import { isSameOrigin } from "../../platform/url.ts";
import { defineCommand } from "../command.ts";
import { inSession } from "../session.ts";
import { settingFlags, settingsFrom } from "../settings.ts";
import { tokenOrigin } from "./place.ts";

export default defineCommand({
  name: "remove",
  description: "Forget a client",
  args: {
    provider: { type: "positional", required: true, description: "The provider" },
    "client-id": { type: "string", valueHint: "id", description: "The client's id; without it, all of the provider's" },
    force: { type: "boolean", description: "Although connections refresh with it" },
  },
  extraFlags: settingFlags,
  examples: [
    ["auth client remove {a} --client-id my-id", "that one"],
    ["auth client remove {a} --force", "all of {a}'s, whatever refreshes with them"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const provider = await session.registry.require(parseSelector(args.provider).provider);
      await session.registry.get(provider);
      const settings = await settingsFrom(session.registry, provider, args);
      const origin =
        Object.keys(settings).length > 0
          ? await tokenOrigin(
              session,
              provider,
              settings,
              null,
              `Leave the settings out: auth client remove ${provider}`,
            )
          : null;
      const vault = await session.vault();
      const kept = vault === null ? [] : (await listClients(vault)).map(({ clients }) => clients);
      const id = args["client-id"];
      const found = kept.filter(
        (clients) =>
          clients.provider === provider &&
          (origin === null || isSameOrigin(clients.origin, origin)) &&
          (id === undefined || Object.hasOwn(clients.clients, id)),
      );
      if (vault === null || found.length === 0)
        throw new AuthError("connection_not_found", `No such client of ${provider} is kept.`, {
          hint: "See what there is: auth client list",
        });
      const users = (await listConnections(vault)).filter(
        ({ ref, record }) =>
          ref.provider === provider &&
          record.tokens !== null &&
          found.some(({ clients }) => {
            const used = asLoggedIn(record).pinned?.clientId ?? "";
            return Object.hasOwn(clients, used) && (id === undefined || used === id);
          }),
      );
      if (users.length > 0 && !args.force)
        throw usage(
          `${users.map(({ ref }) => display(ref)).join(", ")} refreshes with it.`,
          `To forget it all the same: auth client remove ${provider}${id === undefined ? "" : ` --client-id ${shellWord(id)}`} --force`,
        );
      for (const { origin: at } of found)
        await updateClients(vault, provider, at, (clients) => {
          const rest = Object.fromEntries(
            Object.entries(clients.clients).filter(([known]) => id !== undefined && known !== id),
          );
          const chosen =
            clients.chosen !== null && Object.hasOwn(rest, clients.chosen)
              ? clients.chosen
              : (Object.keys(rest)[0] ?? null);
          return { ...clients, clients: rest, chosen };
        });
      if (cli.output.isJson) return cli.output.json({ provider, clientId: id ?? null, removed: true });
      cli.output.success(
        id === undefined ? `Forgot the clients of ${provider}.` : `Forgot the client ${id} of ${provider}.`,
      );
    }),
});
