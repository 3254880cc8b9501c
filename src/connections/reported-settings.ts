/**
 * Settings that the provider itself says at a login: the host of an account's API, or of its token endpoint. What it says
 * is only taken where the description allows it, since tokens go there (RULES.md 3.1).
 */
import type { ReportedSettings } from "../oauth/reported-settings.ts";
import { AuthError } from "../platform/errors.ts";
import { holdsSecret, outsideWords } from "../platform/redact.ts";
import type { Secret } from "../platform/secret.ts";
import type { ProviderDefinition } from "../providers/schema.ts";
import { checkSetting, type Setting } from "../providers/settings.ts";
import type { Values } from "../providers/template.ts";

/**
 * @param secrets what came beside it, of whatever length
 * @throws AuthError `origin_mismatch` for what the description doesn't allow, and for what must not be shown or kept
 */
export function acceptReported(
  { title, settings = {} }: ProviderDefinition,
  reported: ReportedSettings,
  secrets: readonly Secret[] = [],
): Values {
  const accepted: Record<string, string> = {};
  for (const [name, value] of Object.entries(reported)) {
    const setting = settings[name];
    if (setting === undefined) continue;
    const checked = typeof value === "string" ? checkReported(setting, value, secrets) : { fault: "is no text" };
    if ("fault" in checked) {
      const said = outsideWords(typeof value === "string" ? value : JSON.stringify(value), 80);
      throw new AuthError("origin_mismatch", `${title} says that its ${name} is ${said}, which ${checked.fault}.`, {
        hint: "Tokens go only where the provider's description allows. Nothing was stored.",
      });
    }
    accepted[name] = checked.value;
  }
  return accepted;
}

/** It goes into addresses, headers and records, and is shown. */
function checkReported(setting: Setting, value: string, secrets: readonly Secret[]): ReturnType<typeof checkSetting> {
  if (holdsSecret(value) || secrets.some((secret) => value.includes(secret.reveal())))
    return { fault: "holds a secret" };
  if (/[^\x21-\x7e]/.test(value)) return { fault: "has a character that no address and no header can have" };
  return checkSetting(setting, value);
}

/** What was said that isn't as a login has it, in words: `instance "na2.acme.example"`. */
export function reportedOtherwise(
  { settings = {} }: Pick<ProviderDefinition, "settings">,
  reported: ReportedSettings,
  held: Values,
): string[] {
  return Object.entries(reported).flatMap(([name, value]) => {
    const setting = settings[name];
    const checked = setting === undefined || typeof value !== "string" ? null : checkSetting(setting, value);
    const isHeld = checked !== null && "value" in checked && checked.value === held[name];
    return isHeld ? [] : [`${name} ${outsideWords(JSON.stringify(value), 80)}`];
  });
}
