/** The passphrase of a backup: AUTH_BACKUP_PASSPHRASE, else typed by the person at the terminal, else standard input. */
import { AuthError } from "../../platform/errors.ts";
import { cutLineEnd, Secret } from "../../platform/secret.ts";
import type { Cli } from "../context.ts";

/** @throws AuthError `usage`, `key_invalid` where it isn't typed twice the same */
export async function newPassphrase(cli: Cli): Promise<Secret> {
  const first = await passphrase(cli, "New passphrase for the backup: ");
  if (first.source !== "typed") return first.secret;
  const second = await passphrase(cli, "The same again: ");
  if (first.secret.reveal() === second.secret.reveal()) return first.secret;
  throw new AuthError("key_invalid", "The two passphrases are not the same.", {
    hint: "Nothing was written. Try again.",
  });
}

/** @throws AuthError `usage` */
export async function givenPassphrase(cli: Cli): Promise<Secret> {
  return (await passphrase(cli, "Passphrase of the backup: ")).secret;
}

async function passphrase(
  cli: Cli,
  question: string,
): Promise<{ readonly secret: Secret; readonly source: "variable" | "typed" | "stdin" }> {
  const { AUTH_BACKUP_PASSPHRASE } = cli.context.env;
  if (AUTH_BACKUP_PASSPHRASE) return { secret: new Secret(cutLineEnd(AUTH_BACKUP_PASSPHRASE)), source: "variable" };
  if (!(await cli.interactive())) {
    const { secretFromStdin } = await import("../../platform/stdin.ts");
    return { secret: await secretFromStdin("passphrase"), source: "stdin" };
  }
  const { askSecret } = await import("../../platform/prompt.ts");
  return { secret: await askSecret(question, cli.context.env), source: "typed" };
}
