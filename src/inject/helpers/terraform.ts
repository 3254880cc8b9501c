/**
 * Terraform's and OpenTofu's credentials helpers:
 * https://developer.hashicorp.com/terraform/internals/credentials-helpers
 *
 * The helper is asked once for each host of a command. An apply may take long, and there is no expiry in the protocol.
 */
import { originAsked } from "./origin.ts";
import { BadRequest, type Call, type Demand, failed, type Protocol } from "./protocol.ts";

export default {
  minTtl: 900,
  margin: 0,
  timeLimit: null,
  // The verb and the host; what stands before them are the `args` of terraform's configuration.
  ownWords: 2,
  ask,
  none: () => ({ stdout: "{}\n" }),
  failure: failed,
} satisfies Protocol as Protocol;

async function ask(call: Call): Promise<Demand> {
  const [verb, host = ""] = call.words;
  switch (verb) {
    case "get":
      return {
        kind: "token",
        place: { origin: originAsked("https", host), user: null },
        answer: ({ token }) => ({ stdout: `${JSON.stringify({ token: token.reveal() })}\n` }),
      };
    case "store":
      // What is refused has to be read to its end all the same.
      await call.text();
      throw new BadRequest("Nothing is stored here: log in with 'auth login terraform' instead of 'terraform login'.");
    case "forget":
      // To say nothing would mean that the token can't be had any more.
      throw new BadRequest("Nothing is forgotten here: end a login with 'auth logout' instead of 'terraform logout'.");
    default:
      throw new BadRequest("This is asked by get, store or forget, and a host.");
  }
}
