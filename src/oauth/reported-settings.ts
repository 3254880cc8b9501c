/** Settings that the provider itself says at a login, as they come: unchecked. */
import type { ProviderDefinition } from "../providers/schema.ts";

/** Setting → what was said of it, as it came. */
export type ReportedSettings = Readonly<Record<string, unknown>>;

/** @param valueAt what the answer, or the reply, has at a place; undefined or null: nothing */
export function reportedIn(
  settings: ProviderDefinition["settings"],
  source: "answer" | "reply",
  valueAt: (place: string) => unknown,
): ReportedSettings {
  const reported: Record<string, unknown> = {};
  for (const name in settings) {
    const place = settings[name]?.from?.[source];
    const value = place === undefined ? undefined : valueAt(place);
    if (value !== undefined && value !== null && value !== "") reported[name] = value;
  }
  return reported;
}
