import {
  clientPlace,
  keepClient,
  listClients,
  requireClientSyntax,
  updateClients,
  withoutClients,
} from "../connections/clients.ts";
import { loginSettings } from "../connections/login/settings.ts";
import { asLoggedIn } from "../connections/pin.ts";
import { display, parseSelector } from "../connections/ref.ts";
import { discover, placesForMcp } from "../oauth/discovery.ts";
import { AuthError, usage } from "../platform/errors.ts";
import type { Secret } from "../platform/secret.ts";
import { commandLine, shellWord } from "../platform/shell-word.ts";
import { isSameOrigin, originOf } from "../platform/url.ts";
import { resolveProvider } from "../providers/resolve.ts";
import { flagOf } from "../providers/settings.ts";
import { printTable } from "./columns.ts";
import { type Args, defineCommand, defineGroup, loaded } from "./command.ts";
import { givenSecret } from "./input.ts";
import { inSession, type Session } from "./session.ts";
import { address, nonEmpty, settingFlags, settingsFrom } from "./settings.ts";
import { connectionsOf } from "./stored.ts";

const PROVIDER = { provider: { type: "positional", required: true, description: "The provider" } } as const;

const set = defineCommand({
  name: "set",
  description: "Keep the client that logins at a provider use",
  args: {
    ...PROVIDER,
    "client-id": { type: "string", valueHint: "id", description: "The client's id" },
    "client-secret": { type: "string", valueHint: "-", description: "Its secret; '-' reads it from standard input" },
    issuer: { type: "string", valueHint: "url", description: "The issuer it belongs to" },
  } satisfies Args,
  extraFlags: settingFlags,
  examples: [
    ["auth client set {a} --client-id my-id --client-secret -", "the secret is read from standard input"],
    ["auth client set {a} --client-id my-id", "a public client"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const provider = await providerNamed(session, args.provider);
      const id = nonEmpty(args["client-id"], "--client-id");
      if (id === null) throw usage("Which client?", `Name it: auth client set ${provider} --client-id <id>`);
      const secret = await givenSecret(cli, "client-secret", args["client-secret"]);
      requireClientSyntax(id, secret);
      const issuer = address(args.issuer, "--issuer");
      const origin = await tokenOrigin(session, provider, args, issuer, nameIssuer(provider, id, secret));
      const { vault } = await session.services();
      const entry = { secret, source: "person", savedAt: session.context.now(), refused: null } as const;
      await keepClient(vault, provider, origin, id, entry);
      await cli.output.result(
        { provider, origin, clientId: id, hasSecret: secret !== null },
        `Logins at ${origin} now use the client ${id}${secret === null ? " (no secret)" : ""}.`,
      );
    }),
});

function nameIssuer(provider: string, id: string, secret: Secret | null): string {
  return `Name it: auth client set ${provider} --client-id ${shellWord(id)}${secret === null ? "" : " --client-secret -"} --issuer <url>`;
}

const list = defineCommand({
  name: "list",
  description: "List the clients that are kept: ids, never secrets",
  examples: [
    ["auth client list", "ids, never secrets"],
    ["auth client list --json", "for a program"],
  ],
  run: (cli) =>
    inSession(cli, async (session) => {
      const vault = await session.vault();
      const all = vault === null ? [] : await listClients(vault);
      const views = all.flatMap(({ provider, origin, chosen, clients }) =>
        Object.entries(clients).map(([clientId, { secret, source, savedAt }]) => ({
          provider,
          origin,
          clientId,
          hasSecret: secret !== null,
          chosen: chosen === clientId,
          source,
          savedAt: new Date(savedAt).toISOString(),
        })),
      );
      if (cli.output.isJson) return cli.output.json(views);
      if (views.length === 0) return cli.output.say("No clients are kept.");
      const rows = views.map(({ provider, origin, clientId, chosen, hasSecret }) => [
        provider,
        origin,
        `${clientId}${chosen ? " *" : ""}`,
        hasSecret ? "yes" : "no",
      ]);
      await printTable(cli.output, ["PROVIDER", "ORIGIN", "CLIENT", "SECRET"], rows);
    }),
});

const remove = defineCommand({
  name: "remove",
  description: "Forget a client",
  args: {
    ...PROVIDER,
    "client-id": { type: "string", valueHint: "id", description: "The client's id; without it, all of the provider's" },
    force: { type: "boolean", description: "Although connections refresh with it" },
  } satisfies Args,
  extraFlags: settingFlags,
  examples: [
    ["auth client remove {a} --client-id my-id", "that one"],
    ["auth client remove {a} --force", "all of {a}'s, whatever refreshes with them"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const provider = await providerNamed(session, args.provider);
      const definition = await session.registry.get(provider);
      const settings = settingsFrom(definition, args);
      const given = Object.entries(definition.settings ?? {}).flatMap(([name, setting]) => {
        const value = settings[name];
        return value === undefined ? [] : [`--${flagOf(name, setting)}`, value];
      });
      const hint = `Leave the settings out: auth client remove ${provider}`;
      const origin = given.length > 0 ? await tokenOrigin(session, provider, args, null, hint) : null;
      const id = args["client-id"];
      const command = [
        "auth",
        "client",
        "remove",
        provider,
        ...given,
        ...(id === undefined ? [] : ["--client-id", id]),
      ];
      const isMeant = (clientId: string): boolean => id === undefined || clientId === id;
      const vault = await session.vault();
      const kept = vault === null ? [] : await listClients(vault);
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
      const users = (await connectionsOf(session)).filter(({ ref, record }) => {
        const { pinned } = asLoggedIn(record);
        const { clientId, endpoints } = pinned ?? {};
        const url = endpoints?.token;
        if (ref.provider !== provider || record.tokens === null || !pinned || !clientId || url === undefined)
          return false;
        const place = clientPlace(pinned, url);
        const isIts = ({ origin: at, clients }: (typeof found)[number]): boolean =>
          at === place && Object.hasOwn(clients, clientId);
        return isMeant(clientId) && found.some(isIts);
      });
      if (users.length > 0 && !args.force)
        throw usage(
          `${users.map(({ ref }) => display(ref)).join(", ")} refreshes with it.`,
          `To forget it all the same: ${commandLine([...command, "--force"])}`,
        );
      for (const { origin: at } of found)
        await updateClients(vault, provider, at, (clients) => withoutClients(clients, isMeant));
      await cli.output.result(
        { provider, clientId: id ?? null, removed: true },
        id === undefined ? `Forgot the clients of ${provider}.` : `Forgot the client ${id} of ${provider}.`,
      );
    }),
});

async function providerNamed({ registry }: Session, argument: string): Promise<string> {
  return registry.require(parseSelector(argument).provider);
}

/**
 * The origin that a client belongs to: where its provider's tokens are issued (RULES.md 3.1).
 * @param args with the provider's settings
 * @param hint for the error that asks for the issuer
 */
async function tokenOrigin(
  { registry, context }: Session,
  provider: string,
  args: Readonly<Record<string, unknown>>,
  issuer: string | null,
  hint: string,
): Promise<string> {
  const definition = await registry.get(provider);
  const issuerMissing = (): AuthError => usage(`${definition.title} needs to know its issuer.`, hint);
  if (definition.resource !== undefined) {
    // Where servers name the issuer, it is the issuer that a client belongs to.
    if (issuer === null) throw issuerMissing();
    return (await discover(context.http, issuer, placesForMcp)).issuer;
  }
  const settings = loginSettings(definition, settingsFrom(definition, args), context, null).values;
  const described = resolveProvider(definition, settings);
  const from = issuer ?? (described.endpoints.token === undefined ? described.issuer : null);
  const document = from === null ? null : await discover(context.http, from);
  const { endpoints } = document ?? described;
  if (endpoints.token === undefined) throw issuerMissing();
  return originOf(endpoints.token);
}

export default defineGroup({
  name: "client",
  description: "The OAuth clients that logins use",
  group: "setup",
  commands: loaded({ set, list, remove }),
  otherNames: { set: ["add", "create", "edit"], list: ["ls"], remove: ["rm", "delete"] },
  examples: [
    ["auth client set {a} --client-id my-id --client-secret -", "the secret is read from standard input"],
    ["auth client list", "ids, never secrets"],
  ],
});
