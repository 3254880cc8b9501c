/** The settings that a provider declares, as flags of `login` and `profile`. */
import type { Environment } from "../platform/context.ts";
import type { Registry } from "../providers/registry.ts";
import type { ProviderDefinition } from "../providers/schema.ts";
import { accept, flagOf } from "../providers/settings.ts";
import type { Args } from "./command.ts";
import { createCli, DEFAULT_GLOBALS } from "./context.ts";
import { inSession } from "./session.ts";

/** @param words the command's arguments; the first names the connection */
export function settingFlags(words: readonly string[], env: Environment): Promise<Args> {
  return inSession(createCli(env, DEFAULT_GLOBALS, []), ({ registry }) => flagsOf(registry, words));
}

async function flagsOf(registry: Registry, words: readonly string[]): Promise<Args> {
  const known = await registry.everyId();
  for (const word of words) {
    const called = word.split(":", 1)[0]?.toLowerCase() ?? "";
    const id = known.includes(called) ? called : await registry.idOf(called);
    if (id === null) continue;
    const { settings } = await registry.get(id);
    return Object.fromEntries(
      Object.entries(settings ?? {}).map(([name, setting]) => [
        flagOf(name, setting),
        { type: "string", valueHint: name, description: setting.title },
      ]),
    );
  }
  return {};
}

/** What the flags say, by the setting's own name. @throws AuthError `usage` */
export function settingsFrom(
  { settings = {} }: ProviderDefinition,
  args: Readonly<Record<string, unknown>>,
): Record<string, string> {
  const given: Record<string, string> = {};
  for (const [name, setting] of Object.entries(settings)) {
    const value = args[flagOf(name, setting)];
    if (typeof value === "string") given[name] = accept(setting, value, `--${flagOf(name, setting)}`);
  }
  return given;
}
