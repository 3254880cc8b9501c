/**
 * Token helpers of Vault and OpenBao: https://developer.hashicorp.com/vault/docs/commands/token-helper
 *
 * The helper is run for each command, with Vault's environment: an address given by `-address` isn't known to it. It prints
 * the token without a line end, which would become part of it.
 */
import type { Environment } from "../../platform/context.ts";
import { originOfUrl } from "./origin.ts";
import { BadRequest, failed, NOTHING, type Protocol } from "./protocol.ts";
import { byVerb, refuse, refuseToStore } from "./verbs.ts";

export default {
  minTtl: 60,
  margin: 0,
  timeLimit: null,
  ownWords: 1,
  ask: byVerb({
    get: ({ env }) => ({
      kind: "token",
      place: { origin: addressed(env), user: null },
      answer: ({ token }) => ({ stdout: token.reveal() }),
    }),
    store: refuseToStore("Nothing is stored here: a token from elsewhere is kept by 'auth login vault --token -'."),
    erase: refuse("Nothing is erased here: a login is ended by 'auth logout'."),
  }),
  // No output: there is no token.
  none: () => NOTHING,
  failure: failed,
} satisfies Protocol as Protocol;

/** The default of both. */
const DEFAULT_ADDRESS = "https://127.0.0.1:8200";

/** It isn't known which of the two programs asks. @throws BadRequest where that makes a difference */
function addressed(env: Environment): string {
  const vault = env.VAULT_AGENT_ADDR || env.VAULT_ADDR;
  const bao = env.BAO_AGENT_ADDR || env.BAO_ADDR;
  const [address = DEFAULT_ADDRESS, ...others] = new Set(
    [vault, bao].filter(Boolean).map((url) => originOfUrl(url ?? "")),
  );
  if (others.length > 0) throw new BadRequest("VAULT_ADDR and BAO_ADDR name two servers: unset one of them.");
  return address;
}
