/** What a person should know of a login that worked: what the provider did not grant, and what follows. */
import { escapeText } from "../../platform/escape.ts";
import { shellWord } from "../../platform/shell-word.ts";
import type { Stored } from "../store.ts";
import { duration } from "../view.ts";
import type { LoginPlan } from "./plan.ts";
import type { LoginUi } from "./request.ts";

/** A person may grant less than was asked for, and so may the provider (RFC 6749 §3.3). */
export function warnOfRefusedScopes(plan: LoginPlan, { record }: Stored, ui: LoginUi): void {
  if (plan.mint !== undefined) return;
  const granted = record.tokens?.scopes ?? [];
  const refused = notGranted(plan.scopes, granted, offlineOf(plan));
  if (granted.length === 0 && refused.length > 0)
    ui.warn(
      `${plan.provider.definition.title} granted no scopes (asked for: ${escapeText(refused.join(", "))}): what the token may do depends on the permissions of the client.`,
    );
  else if (refused.length > 0)
    ui.warn(`${plan.provider.definition.title} did not grant ${escapeText(refused.join(", "))}.`);
}

/** Without a refresh token the login ends with its access token: what follows, and what would change it. */
export function warnOfMissingRefreshToken(plan: LoginPlan, { record: { tokens } }: Stored, ui: LoginUi): void {
  if (tokens === null || tokens.refreshToken !== null) return;
  if (plan.flow !== "device" && plan.flow !== "browser") return;
  const { title } = plan.provider.definition;
  const offline = offlineOf(plan);
  const { expiresAt, obtainedAt } = tokens;
  const when = expiresAt === null ? "when its access token ends" : `in ${duration(expiresAt - obtainedAt)}`;
  if (offline !== undefined && plan.scopes.includes(offline))
    ui.warn(
      `${title} gave no refresh token, which ${offline} asks for: log in again ${when}. To change that, allow the client ${offline} there.`,
    );
  else if (offline !== undefined && plan.request.scopes !== null)
    ui.warn(
      `No refresh token came, and none was asked for: log in again ${when}, or now with --scope ${shellWord(offline)} too.`,
    );
}

/** The scope that asks for a refresh token: the description's, or the standard's where the login asked for that. */
function offlineOf({ provider, scopes }: LoginPlan): string | undefined {
  return provider.dialect.scopes.offline ?? (scopes.includes(OFFLINE_ACCESS) ? OFFLINE_ACCESS : undefined);
}

/** OpenID Connect Core §11. */
const OFFLINE_ACCESS = "offline_access";

/**
 * The scopes that weren't granted. Providers write granted scopes in their own way (a whole URL, a parent that holds the
 * one asked for): what may be meant counts as given.
 * @param offline the scope that only asks for a refresh token, where that came
 */
function notGranted(wanted: readonly string[], granted: readonly string[], offline?: string): string[] {
  return wanted.filter((scope) => scope !== offline && !granted.some((given) => covers(given, scope)));
}

function covers(given: string, wanted: string): boolean {
  const [a, b] = [given.toLowerCase(), wanted.toLowerCase()];
  if (a === b || a.endsWith(`/${b}`) || a.endsWith(`.${b}`)) return true;
  return b.startsWith(`${a}:`) || b.endsWith(`:${a}`);
}
