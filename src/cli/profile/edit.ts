import { loginAgain, wayBack, withSettings } from "../../connections/pin.ts";
import type { Connection } from "../../connections/record.ts";
import { type ConnectionRef, display, typed } from "../../connections/ref.ts";
import { usage } from "../../platform/errors.ts";
import { defaultScopes } from "../../providers/flows.ts";
import { resolveProvider } from "../../providers/resolve.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";
import { type Args, defineCommand, list } from "../command.ts";
import type { Cli } from "../context.ts";
import { shown } from "../flags.ts";
import { scopes } from "../selector.ts";
import { inSession, type Session } from "../session.ts";
import { settingFlags, settingsFrom } from "../settings.ts";
import { oneOf } from "../suggest.ts";
import { chosenBy, type Editable, editable, editableKeys } from "./editable.ts";
import { changeProfile, namedProfile, PROFILE, profileView } from "./shared.ts";

const FLAGS = {
  "add-scope": { type: "string", valueHint: "scope", repeatable: true, description: "Ask for this scope too" },
  "remove-scope": { type: "string", valueHint: "scope", repeatable: true, description: "Ask for this scope no more" },
  set: { type: "string", valueHint: "key=value", repeatable: true, description: "Set a setting; may be repeated" },
  unset: { type: "string", valueHint: "key", repeatable: true, description: "Forget a setting; may be repeated" },
} as const satisfies Args;

export default defineCommand({
  name: "edit",
  description: "Change the settings of a connection, by flags or in $EDITOR",
  args: {
    ...PROFILE,
    ...FLAGS,
  },
  extraFlags: settingFlags,
  examples: [
    ["auth profile edit {a}:work --add-scope gist", "takes effect at the next login"],
    ["auth profile edit {a}:work --set clientId=my-id --unset issuer", "any setting"],
    ["auth profile edit {a}:work", "in $EDITOR"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const { vault, stored } = await namedProfile(session, args.connection, args.profile);
      const definition = await session.registry.get(stored.ref.provider);
      const settings = await settingsFrom(session.registry, stored.ref.provider, args);
      const byFlag = Object.keys(settings).length > 0 || Object.keys(FLAGS).some((flag) => args[flag] !== undefined);
      const before = editable(stored.record, definition);
      const after = byFlag
        ? flagged(before, definition, args, settings)
        : await inEditor(cli, stored.ref, before, definition);
      for (const key of Object.keys(after)) knownKey(key, definition);
      const chosen = chosenBy(after, definition);
      resolveProvider(definition, chosen.settings);
      const edited = await changeProfile(vault, stored.ref, (record) => withSettings(definition, record, chosen));
      await tell(cli, session, stored.record, edited.record, edited);
    }),
});

function flagged(
  before: Editable,
  definition: ProviderDefinition,
  args: Readonly<Record<string, unknown>>,
  settings: Readonly<Record<string, string>>,
): Editable {
  const after: Editable = { ...before, ...settings };
  for (const assignment of list(args.set as string | undefined)) {
    const at = assignment.indexOf("=");
    if (at < 1) throw usage("--set takes key=value.", "For example: --set clientId=my-id");
    const key = knownKey(assignment.slice(0, at), definition);
    after[key] = assignment.slice(at + 1);
  }
  for (const key of list(args.unset as string | undefined)) delete after[knownKey(key, definition)];
  const added = scopes(args["add-scope"] as string | undefined) ?? [];
  const removed = scopes(args["remove-scope"] as string | undefined) ?? [];
  if (added.length + removed.length > 0) {
    const held = after.scopes?.split(" ").filter((scope) => scope !== "") ?? defaultScopes(definition);
    after.scopes = [...new Set([...held, ...added])].filter((scope) => !removed.includes(scope)).join(" ");
  }
  return after;
}

function knownKey(key: string, definition: ProviderDefinition): string {
  const keys = editableKeys(definition);
  if (keys.includes(key) || /^endpoint\.[a-z]+$/.test(key)) return key;
  throw usage(`There is no setting '${shown(key)}'.`, oneOf(key, [...keys, "endpoint.<name>"], "Settings"));
}

async function inEditor(
  cli: Cli,
  ref: ConnectionRef,
  before: Editable,
  definition: ProviderDefinition,
): Promise<Editable> {
  if (!(await cli.interactive()))
    throw usage("Nothing to change.", "Say what: --add-scope, --remove-scope, --set key=value, --unset key");
  const { editText } = await import("../../platform/helper-programs.ts");
  const { readSettingsFile, settingsFile } = await import("./settings-file.ts");
  return readSettingsFile(await editText(settingsFile(display(ref), before, definition), cli.context.env));
}

async function tell(
  cli: Cli,
  session: Session,
  before: Connection,
  after: Connection,
  stored: Parameters<typeof profileView>[0],
): Promise<void> {
  if (cli.output.isJson) return cli.output.json(profileView(stored, session.context.now()));
  cli.output.success(`Changed ${display(stored.ref)}.`);
  if (after.tokens === null) return;
  const scopesChanged = JSON.stringify(before.scopes) !== JSON.stringify(after.scopes);
  if (after.pinned === null)
    for (const line of [
      "Its tokens belong to the settings before this change and are not used.",
      ...wayBack(after),
      `Or log in again with the new settings: ${loginAgain(after)}`,
    ])
      cli.output.say(line);
  else if (before.pinned === null) cli.output.say("Its tokens are used again.");
  else if (scopesChanged)
    cli.output.say(`Its tokens keep the scopes they have; log in again: auth login ${typed(stored.ref)} --force`);
}
