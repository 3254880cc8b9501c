/** Reads secrets and answers from the terminal or from standard input. */
import { AuthError, usage } from "../platform/errors.ts";
import { Secret } from "../platform/secret.ts";
import { wrappingOf } from "../platform/syntax.ts";
import type { Cli } from "./context.ts";

/** A token, key or code from standard input, or from a hidden prompt on a terminal. Spaces at its ends are removed. */
export async function readSecret(cli: Cli, title: string): Promise<Secret> {
  const secret = await readAnySecret(cli, title);
  requireBare(secret, title);
  return secret;
}

/** The same, without the check for text around it: the login makes that, and knows what its keys look like. */
async function readAnySecret(cli: Cli, title: string): Promise<Secret> {
  return new Secret((await readExactSecret(cli, title)).reveal().trim());
}

/** @throws AuthError `usage` for a secret with a prefix, quotes or a variable's name around it */
export function requireBare(secret: Secret, title: string): void {
  const how = wrappingOf(secret.reveal());
  if (how !== null)
    throw usage(`This is more than a ${title.toLowerCase()}: ${how}.`, "Give it alone. Nothing was done with it.");
}

/** A secret that may begin or end with a space, as a client's may (RFC 6749 A.2). Only one line ending is cut. */
async function readExactSecret(cli: Cli, title: string, what?: string): Promise<Secret> {
  if (!(await cli.interactive())) return (await import("../platform/stdin.ts")).secretFromStdin(what);
  const { askSecret } = await import("../platform/prompt.ts");
  return askSecret(`${title}: `, cli.context.env);
}

/** The address of a vault: read like a secret, since it may have a password in it. */
export async function readAddress(cli: Cli): Promise<string> {
  return (await readExactSecret(cli, "Address", "address")).reveal().trim();
}

/** The value of `--token` or `--client-secret`: itself, with a warning, or `-` for what `readSecret` reads. */
export async function givenSecret(
  cli: Cli,
  flag: "token" | "client-secret",
  value: string | undefined,
): Promise<Secret | null> {
  if (value === undefined) return null;
  if (value === "-" && flag === "token") return readAnySecret(cli, "Token");
  if (value === "-") {
    const secret = await readExactSecret(cli, "Client secret");
    requireBare(secret, "Client secret");
    return secret;
  }
  if (value.trim() === "") throw usage(`--${flag} is empty.`, `Give it on standard input: --${flag} -`);
  cli.output.warn(`Other processes can see a secret on the command line. Better: --${flag} -`);
  return new Secret(value.trim());
}

/**
 * Asks a yes-or-no question that has to be answered with yes.
 * @param yes whether it is answered already, by `--yes`
 * @param remedy with `message`: what to do where no person can be asked
 * @throws AuthError `access_denied` for a no, `usage`
 */
export async function requireConsent(
  cli: Cli,
  question: string,
  yes: boolean,
  remedy: string,
  message = "Confirmation needed, but stdin is not a terminal.",
): Promise<void> {
  if (yes) return;
  // With JSON nothing was shown that a person could agree to: the error holds it.
  if (cli.output.isJson || !(await cli.interactive())) throw usage(message, remedy);
  const { confirm } = await import("../platform/prompt.ts");
  if (!(await confirm(question))) throw new AuthError("access_denied", "Nothing was done.");
}
