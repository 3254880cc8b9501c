/**
 * Terraform's and OpenTofu's credentials helpers:
 * https://developer.hashicorp.com/terraform/internals/credentials-helpers
 *
 * The helper is asked once for each host of a command. An apply may take long, and there is no expiry in the protocol.
 */
import { originAsked } from "./origin.ts";
import { failed, jsonReply, type Protocol } from "./protocol.ts";
import { byVerb, refuse, refuseToStore } from "./verbs.ts";

export default {
  minTtl: 900,
  margin: 0,
  timeLimit: null,
  // The verb and the host; before them come the `args` of terraform's configuration.
  ownWords: 2,
  ask: byVerb({
    get: ({ words: [, host = ""] }) => ({
      kind: "token",
      place: { origin: originAsked("https", host), user: null },
      answer: ({ token }) => jsonReply({ token: token.reveal() }),
    }),
    store: refuseToStore("Nothing is stored here: log in with 'auth login terraform' instead of 'terraform login'."),
    // Success would mean that the token is gone.
    forget: refuse("Nothing is forgotten here: end a login with 'auth logout' instead of 'terraform logout'."),
  }),
  none: () => ({ stdout: "{}\n" }),
  failure: failed,
} satisfies Protocol as Protocol;
