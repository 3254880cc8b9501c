/** `status --check`: asks each provider whether it still accepts the token. The only part of `status` with a network. */
import { counterpartOf } from "../connections/counterpart.ts";
import { askAccount } from "../oauth/account.ts";
import { LIMITS } from "../platform/limits.ts";
import type { Shown } from "./entries.ts";
import type { Session } from "./session.ts";

export interface Checked {
  readonly result: "accepted" | "refused" | "unreachable" | "unsupported";
  /** What it adds to the command's exit code. */
  readonly exitCode: number;
}

const EXIT_CODES = { accepted: 0, unsupported: 0, refused: 4, unreachable: 5 } as const;

export async function checkAll(session: Session, shown: readonly Shown[]): Promise<Checked[]> {
  return Promise.all(
    shown.map(async (one) => {
      const result = await check(session, one);
      return { result, exitCode: EXIT_CODES[result] };
    }),
  );
}

async function check(session: Session, { stored }: Shown): Promise<Checked["result"]> {
  const vault = await session.vault();
  const tokens = stored?.record.tokens;
  if (stored === null || vault === null || !tokens || stored.record.pinned === null) return "unsupported";
  const services = { context: session.context, registry: session.registry, vault };
  const { server, client } = await counterpartOf(services, stored.record);
  const asking = client.proof === undefined ? tokens : { ...tokens, proof: client.proof };
  const answer = await askAccount(session.context.http, server, asking, { timeout: LIMITS.account });
  if (answer.kind === "known") return "accepted";
  // Tokens of another account are not those of this login.
  return answer.kind === "contradicted" ? "refused" : answer.kind;
}
