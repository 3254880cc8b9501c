/**
 * Says and prints one of everything. Arguments: the globals as JSON; then `fail` to end with an error, `crash` with an unexpected
 * one, `leak` to say a secret in every way.
 */
import { createCli, DEFAULT_GLOBALS } from "../../src/cli/context.ts";
import { asAuthError } from "../../src/cli/exit.ts";
import { AuthError } from "../../src/platform/errors.ts";
import { Secret } from "../../src/platform/secret.ts";

const secret = new Secret("sk-known-secret-value-4f9a2c7e");
const globals = { ...DEFAULT_GLOBALS, ...JSON.parse(process.argv[2] ?? "{}") };
const { output, context } = createCli(process.env, globals, []);
try {
  output.say("said");
  output.success("succeeded");
  output.notice("noticed");
  context.warn("warned");
  context.debug(`debugged with ${secret.reveal()}`);
  if (output.isJson) await output.event({ event: "one" });
  await output.text("data");
  if (process.argv[3] === "leak") {
    output.say(`said ${secret.reveal()}`);
    output.success(`succeeded ${secret.reveal()}`);
    output.notice(["noticed", secret.reveal()]);
    output.warn(`warned ${secret.reveal()}`);
    output.error(new AuthError("busy", secret.reveal(), { hint: secret.reveal() }), 5);
  }
  if (process.argv[3] === "fail") throw new AuthError("busy", "It is busy.", { hint: "Try again." });
  if (process.argv[3] === "crash") throw new TypeError("x is not a function");
  await output.done();
} catch (error) {
  output.error(asAuthError(error), 5);
  await output.done();
  process.exit(5);
}
