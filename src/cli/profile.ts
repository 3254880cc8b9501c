import { following, update } from "../connections/changes.ts";
import { nameHere } from "../connections/folder/choice.ts";
import { ownIssuer } from "../connections/pin.ts";
import { type Connection, encodeRecord, newConnection } from "../connections/record.ts";
import {
  type ConnectionRef,
  DEFAULT_NAME,
  display,
  isAddress,
  parseNamed,
  typed,
  vaultName,
} from "../connections/ref.ts";
import { profileOf } from "../connections/select.ts";
import { stateOf } from "../connections/status.ts";
import { readConnection, type Stored } from "../connections/store.ts";
import type { Environment } from "../platform/context.ts";
import { type AuthError, usage } from "../platform/errors.ts";
import { flowsOf } from "../providers/flows.ts";
import { resolveProvider } from "../providers/resolve.ts";
import type { ProviderDefinition } from "../providers/schema.ts";
import { acceptSetting } from "../providers/settings.ts";
import type { Vault } from "../vault/types.ts";
import { factLines } from "./columns.ts";
import { connectionArgs, defineCommand, defineGroup, loaded } from "./command.ts";
import { tellOfFaults } from "./entries.ts";
import { type Target, targetAtIssuer } from "./login/target.ts";
import { endLogins } from "./logout.ts";
import { scopes } from "./scopes.ts";
import { inSession, type Session } from "./session.ts";
import { LOGIN_SETTINGS, loginSettingsFrom, settingFlags } from "./settings.ts";
import { everythingOf, requireStored, selectStored } from "./stored.ts";

/** The arguments by which a stored profile is named. */
export const PROFILE = connectionArgs("-p says which");

/** The profile that is named: in full, by its provider, or by `-p` alone. With no name at all none is guessed. */
export async function namedProfile(
  session: Session,
  argument: string | undefined,
  profile: string | undefined,
): Promise<Stored> {
  const name = profileOf(session.context.env, argument, profile);
  if (argument === undefined && name === undefined) throw whichConnection();
  const { ref } = await selectStored(session, argument, name);
  await session.registry.get(ref.provider);
  return requireStored(session, ref);
}

function whichConnection(): AuthError {
  return usage("Which connection?", "For example: <provider>:work");
}

export function profileView({ ref, record }: Stored, now: number) {
  const { settings, issuer, endpoints, scopes, flow, clientId, companions } = record;
  const { status } = stateOf(record, now);
  const common = { connection: display(ref), ...ref, status, settings, issuer, endpoints, scopes, flow, clientId };
  // Only that they exist: a secret prints as `[redacted]`.
  return companions === undefined || Object.keys(companions).length === 0 ? common : { ...common, companions };
}

const create = defineCommand({
  name: "create",
  description: "Store the settings of a connection, to log in later",
  args: {
    connection: {
      type: "positional",
      required: true,
      completes: "new-connection",
      description: "<provider>, <provider>:<name> or https://issuer",
    },
    profile: { type: "string", alias: "p", valueHint: "name", description: "The connection's name" },
    ...LOGIN_SETTINGS,
  },
  extraFlags: settingFlags,
  examples: [
    ["auth profile create {a}:work --scope repo --client-id my-id", "then: auth login {a}:work"],
    ["auth profile create {a}:work", "asks for the settings, on a terminal"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const { ref, settings: fromAddress } = await newProfile(session, args.connection, args.profile);
      const definition = await session.registry.get(ref.provider);
      const given = loginSettingsFrom(definition, args);
      const flags = {
        ...given,
        settings: { ...fromAddress, ...given.settings },
        issuer: ownIssuer(definition, given.issuer),
        endpoints: { ...given.endpoints } as Record<string, string>,
      };
      const isBare = Object.values(flags).every((value) => value === null || Object.keys(value).length === 0);
      const asks = isBare && !cli.output.isJson && (await cli.interactive());
      const fields = asks ? { ...flags, ...(await askSettings(definition, cli.context.env)) } : flags;
      resolveProvider(definition, fields.settings);
      const { vault } = await session.services();
      if (!(await createProfile(vault, ref, fields, session.context.now())))
        throw usage(`${display(ref)} exists already.`, `Change it: auth profile edit ${display(ref)}`);
      await cli.output.result(
        profileView(await requireStored(session, ref), session.context.now()),
        `Created ${display(ref)}. Log in: auth login ${typed(ref)}`,
      );
    }),
});

/**
 * A connection that is to be made, with what its address implies: a provider alone means what the folder's file says, or its
 * `default`.
 */
async function newProfile(session: Session, argument: string, profile: string | undefined): Promise<Target> {
  const { registry, context } = session;
  const wanted = profileOf(context.env, argument, profile);
  if (isAddress(argument))
    return targetAtIssuer(registry, argument, wanted ?? (await session.decidingFile())?.profile ?? undefined);
  const { provider: called, name } = parseNamed(argument, wanted);
  const provider = await registry.require(called);
  const given = name ?? nameHere(await session.decidingFile(), provider) ?? DEFAULT_NAME;
  return { ref: { provider, name: given }, settings: {} };
}

/**
 * Asks a person who gave no flags. Enter leaves a setting to its variable or default.
 * @throws AuthError `usage` for an answer that a setting can't have, `interrupted` on Ctrl-C
 */
async function askSettings(
  definition: ProviderDefinition,
  env: Environment,
): Promise<Pick<Connection, "settings" | "scopes" | "clientId">> {
  const { askText } = await import("../platform/prompt.ts");
  const settings: Record<string, string> = {};
  for (const [name, setting] of Object.entries(definition.settings ?? {})) {
    // The flow isn't known yet; settings of a single flow are given by flag.
    if (setting.flows !== undefined) continue;
    const answer = await askText(setting.title, env, setting.default);
    if (answer !== "" && answer !== setting.default)
      settings[name] = acceptSetting(setting, answer, `'${setting.title}'`);
  }
  if (flowsOf(definition).every(({ flow }) => flow === "token")) return { settings, scopes: null, clientId: null };
  const usual = definition.scopes?.default?.join(" ");
  const wanted = await askText("Scopes", env, usual);
  const clientId = await askText("Client id (may be given at login)", env);
  return { settings, scopes: wanted === "" || wanted === usual ? null : scopes(wanted), clientId: clientId || null };
}

/** Stores a profile that must not exist yet. @returns false when it does */
async function createProfile(
  vault: Vault,
  ref: ConnectionRef,
  fields: Partial<Connection>,
  now: number,
): Promise<boolean> {
  const record: Connection = { ...newConnection(ref.provider, ref.name, now), ...fields };
  const next = { version: following(null), body: encodeRecord(record) };
  return update(
    vault,
    () => readConnection(vault, ref),
    (held) => ({
      changes: held === null ? [{ type: "connection", name: vaultName(ref), expected: null, next }] : [],
      result: held === null,
    }),
  );
}

const show = defineCommand({
  name: "show",
  description: "Show the settings of a connection",
  args: PROFILE,
  examples: [
    ["auth profile show {a}:work", "what a login under this name would use"],
    ["auth profile show {a}:work --json", "for a program"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const view = profileView(await namedProfile(session, args.connection, args.profile), session.context.now());
      if (cli.output.isJson) return cli.output.json(view);
      await cli.output.lines(profileLines(view));
    }),
});

const listAll = defineCommand({
  name: "list",
  description: "List the settings of every connection",
  examples: [
    ["auth profile list", "all of them"],
    ["auth profile list --json", "for a program"],
  ],
  run: (cli) =>
    inSession(cli, async (session) => {
      const now = session.context.now();
      const { stored: all, unreadable } = await everythingOf(session);
      const views = all.map((stored) => profileView(stored, now));
      if (cli.output.isJson) await cli.output.json(views);
      else if (views.length > 0) await cli.output.lines(views.flatMap(profileLines));
      else cli.output.say("No profiles. Create one: auth profile create <provider>:<name>");
      return tellOfFaults(
        cli,
        unreadable.map(({ error }) => error),
      );
    }),
});

function profileLines(view: ReturnType<typeof profileView>): string[] {
  const facts: [string, string | null][] = [
    ...Object.entries(view.settings),
    // Some providers have a setting of that name with the same meaning.
    ["issuer", view.settings.issuer === undefined ? view.issuer : null],
    ...Object.entries(view.endpoints).map(([name, url]): [string, string] => [`endpoint ${name}`, url]),
    ["scopes", view.scopes?.join(" ") ?? null],
    ["flow", view.flow],
    ["client id", view.clientId],
    ...Object.entries("companions" in view ? view.companions : {}).map(([name, secret]): [string, string] => [
      `with its token: ${name}`,
      String(secret),
    ]),
  ];
  return [`${view.connection} (${view.status})`, ...factLines(facts)];
}

const remove = defineCommand({
  name: "delete",
  description: "Delete a connection's settings; with --force also its login",
  args: {
    ...PROFILE,
    force: { type: "boolean", description: "Although it holds tokens: they are revoked and erased" },
  },
  examples: [
    ["auth profile delete {a}:work", "settings that were never logged in with"],
    ["auth profile delete {a}:work --force", "revokes its login first"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const stored = await namedProfile(session, args.connection, args.profile);
      if (stored.record.tokens !== null && !args.force)
        throw usage(
          `${display(stored.ref)} holds a login.`,
          `To revoke and delete it: auth profile delete ${display(stored.ref)} --force`,
        );
      await endLogins(cli, session, [stored], { yes: false });
    }),
});

export default defineGroup({
  name: "profile",
  description: "Settings of connections, without logging in",
  group: "scripting",
  commands: {
    ...loaded({ create }),
    edit: () => import("./profile/edit.ts"),
    ...loaded({ show, list: listAll, delete: remove }),
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
