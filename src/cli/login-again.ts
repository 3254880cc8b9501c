/** A login under a name that holds one already: what is replaced, and what is asked first (CLI §4). */
import { keepOrReplace, loginCommand } from "../connections/login/command.ts";
import type { LoginRequest } from "../connections/login/request.ts";
import { display } from "../connections/ref.ts";
import { stateOf } from "../connections/status.ts";
import type { Stored } from "../connections/store.ts";
import { usage } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import type { ProviderDefinition } from "../providers/schema.ts";
import type { Cli } from "./context.ts";

/**
 * Asked before any secret is read. Another account or place is refused later, whatever is answered here: that needs
 * `--force`.
 *
 * @param pastes whether a token is given
 * @returns false: nothing is to be done
 * @throws AuthError `usage` where a pasted token would replace a login and nobody can be asked
 */
export async function goesOn(
  cli: Cli,
  definition: ProviderDefinition,
  existing: Stored,
  request: LoginRequest,
  pastes: boolean,
): Promise<boolean> {
  const { status } = stateOf(existing.record, cli.context.now());
  if (pastes) {
    if (existing.record.kind !== "oauth" || status === "not_connected" || status === "invalid") return true;
    return mayReplaceLogin(cli, definition, existing, request);
  }
  if (status !== "connected") return true;
  const message = `Already logged in${whom(existing)}`;
  if (await cli.interactive()) {
    const { confirm } = await import("../platform/prompt.ts");
    return confirm(`${message}. Log in again?`);
  }
  cli.output.say(message);
  cli.output.say(`To log in again: ${loginCommand(definition, request, { force: true })}`);
  return false;
}

/** A login that is refreshed is worth more than a token that isn't. */
async function mayReplaceLogin(
  cli: Cli,
  definition: ProviderDefinition,
  { ref, record }: Stored,
  request: LoginRequest,
): Promise<boolean> {
  const what = `${display(ref)} is a login${record.account === null ? "" : whom({ ref, record })} that is renewed by itself`;
  if (await cli.interactive()) {
    const { confirm } = await import("../platform/prompt.ts");
    return confirm(`${what}. Replace it with a token?`);
  }
  throw usage(`${what}: a token would replace it.`, keepOrReplace(definition, request, { token: "-" }));
}

/** ` as octocat`, or ` (github:work)` where the account isn't known. */
export function whom({ ref, record }: Pick<Stored, "ref" | "record">): string {
  const label = record.account?.label ?? record.account?.id;
  return label ? ` as ${escapeText(label)}` : ` (${display(ref)})`;
}
