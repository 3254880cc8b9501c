import { advanced, successor, update } from "../../connections/changes.ts";
import { type ChosenSettings, loginAgain, wayBack, withSettings } from "../../connections/pin.ts";
import type { Connection } from "../../connections/record.ts";
import { type ConnectionRef, display, typed } from "../../connections/ref.ts";
import { requireConnection, type Stored } from "../../connections/store.ts";
import { usage } from "../../platform/errors.ts";
import { defaultScopes } from "../../providers/flows.ts";
import { resolveProvider } from "../../providers/resolve.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";
import type { Vault } from "../../vault/types.ts";
import { type Args, defineCommand, list } from "../command.ts";
import type { Cli } from "../context.ts";
import { namedProfile, PROFILE, profileView } from "../profile.ts";
import { scopes } from "../scopes.ts";
import { inSession } from "../session.ts";
import { settingFlags, settingsFrom } from "../settings.ts";
import { oneOf } from "../suggest.ts";
import { chosenBy, type Editable, editable, editableKeys, readSettingsFile, settingsFile } from "./editable.ts";

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
      const stored = await namedProfile(session, args.connection, args.profile);
      const definition = await session.registry.get(stored.ref.provider);
      const settings = settingsFrom(definition, args);
      const byFlag = Object.keys(settings).length > 0 || Object.keys(FLAGS).some((flag) => args[flag] !== undefined);
      const edit: Edit = byFlag
        ? (current) => flagged(current, definition, args, settings)
        : await inEditor(cli, stored.ref, editable(stored.record, definition), definition);
      const { vault } = await session.services();
      const edited = await changeProfile(vault, stored.ref, (record) => {
        return withSettings(definition, record, requireValid(edit(editable(record, definition)), definition));
      });
      const shown = ({ record }: Stored): string => JSON.stringify(editable(record, definition));
      const isChanged = shown(edited) !== shown(stored);
      const done = isChanged
        ? `Changed ${display(stored.ref)}.`
        : `Nothing to change: ${display(stored.ref)} is as it was.`;
      await cli.output.result(profileView(edited, session.context.now()), done);
      for (const line of consequences(definition, stored.record, edited)) cli.output.say(line);
    }),
});

/** @throws AuthError `usage` */
function requireValid(values: Editable, definition: ProviderDefinition): ChosenSettings {
  for (const key of Object.keys(values)) knownKey(key, definition);
  const chosen = chosenBy(values, definition);
  resolveProvider(definition, chosen.settings);
  return chosen;
}

/** Called again with the current settings, until no other process has changed them meanwhile. */
type Edit = (current: Editable) => Editable;

function changeProfile(vault: Vault, ref: ConnectionRef, change: (record: Connection) => Connection): Promise<Stored> {
  return update(
    vault,
    () => requireConnection(vault, ref),
    (current) => {
      const record = change(current.record);
      const step = successor(current, record);
      return { changes: [step], result: advanced(current, step.next.version, record) };
    },
  );
}

function flagged(
  current: Editable,
  definition: ProviderDefinition,
  args: Readonly<Record<string, unknown>>,
  settings: Readonly<Record<string, string>>,
): Editable {
  const after: Editable = { ...current, ...settings };
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
  if (/^endpoint\.[a-z]+$/.test(key)) return key;
  return oneOf("setting", key, [...editableKeys(definition), "endpoint.<name>"]);
}

async function inEditor(cli: Cli, ref: ConnectionRef, before: Editable, definition: ProviderDefinition): Promise<Edit> {
  if (!(await cli.interactive()))
    throw usage("Nothing to change.", "Say what: --add-scope, --remove-scope, --set key=value, --unset key");
  const { editText } = await import("../../platform/helper-programs.ts");
  const { confirm } = await import("../../platform/prompt.ts");
  const read = (text: string): Editable => {
    const values = readSettingsFile(text);
    requireValid(values, definition);
    return values;
  };
  const after = await editText(settingsFile(display(ref), before, definition), cli.context.env, read, async (error) => {
    cli.output.notice([error.message, ...(error.hint?.split("\n") ?? [])]);
    await cli.output.done();
    return confirm("Edit it again?", true);
  });
  const changed = Object.keys({ ...before, ...after }).filter((key) => before[key] !== after[key]);
  // Another process may have changed meanwhile what the person left unchanged.
  return (current) => {
    const merged = { ...current };
    for (const key of changed) {
      const value = after[key];
      if (value === undefined) delete merged[key];
      else merged[key] = value;
    }
    return merged;
  };
}

/** What the edit means for the stored tokens. */
function consequences(definition: ProviderDefinition, before: Connection, { ref, record: after }: Stored): string[] {
  if (after.tokens === null) return [];
  if (after.pinned === null)
    return [
      "Its tokens belong to the settings before this change and are not used.",
      ...wayBack(after),
      `Or log in again with the new settings: ${loginAgain(after)}`,
    ];
  if (before.pinned === null) return ["Its tokens are used again."];
  if (JSON.stringify(before.scopes) === JSON.stringify(after.scopes)) return [];
  const wanted = after.scopes ?? defaultScopes(definition);
  if (isSame(wanted, after.tokens.scopes, definition.scopes?.offline)) return ["Its tokens have these scopes."];
  return [`Its tokens keep the scopes they have; log in again: auth login ${typed(ref)} --force`];
}

/** In any order, and without the scope that asks for a refresh token, which servers seldom list as granted. */
function isSame(wanted: readonly string[], granted: readonly string[], offline: string | undefined): boolean {
  const sorted = (scopes: readonly string[]): string =>
    scopes
      .filter((scope) => scope !== offline)
      .sort()
      .join(" ");
  return sorted(wanted) === sorted(granted);
}
