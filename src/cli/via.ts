/** `auth token <MCP server> --via <connection>`: makes the login, where there is none yet. */
import { display, typed } from "../connections/ref.ts";
import type { Selector } from "../connections/select.ts";
import type { Stored } from "../connections/store.ts";
import { vouchingConnection } from "../connections/subject-token.ts";
import { AuthError, usage } from "../platform/errors.ts";
import { shellWord } from "../platform/shell-word.ts";
import type { Cli } from "./context.ts";
import { loginCallFrom } from "./login/call.ts";
import { loginOrExplain } from "./login/perform.ts";
import { targetOf } from "./login/target.ts";
import type { Session } from "./session.ts";
import { requireStored, selectStored } from "./stored.ts";

/**
 * @throws AuthError `usage` where there is a login of another kind: a person has to choose
 */
export async function loginVia(
  cli: Cli,
  session: Session,
  { argument, profile, via, scopes }: Selector & { readonly via: string; readonly scopes: readonly string[] | null },
): Promise<void> {
  if (argument === undefined)
    throw usage("--via needs the MCP server's URL.", `auth token <url> --via ${shellWord(via)}`);
  const voucher = (await selectStored(session, via, undefined)).ref;
  const there = await storedAt(session, argument, profile);
  if (there !== null && there.record.tokens !== null) {
    const known = there.record.mint === undefined ? null : vouchingConnection(there.record.mint);
    if (known !== null && display(known) === display(voucher)) return;
    const name = typed(there.ref);
    throw usage(
      `${display(there.ref)} is a login of its own, not by ${display(voucher)}.`,
      `Use it: auth token ${name}\nReplace it: auth login ${name} --via ${shellWord(display(voucher))} --force`,
    );
  }
  const target = await targetOf(cli, session, argument, profile);
  const args = { via, ...(scopes !== null && { scope: scopes.join(",") }) };
  const { request, display: how, secrets } = await loginCallFrom(cli, session, target, args);
  await loginOrExplain(cli, session, { ...request, ...(await secrets()) }, how);
}

async function storedAt(session: Session, argument: string, profile: string | undefined): Promise<Stored | null> {
  try {
    return await requireStored(session, (await selectStored(session, argument, profile)).ref);
  } catch (error) {
    if (error instanceof AuthError && error.code === "connection_not_found") return null;
    throw error;
  }
}
