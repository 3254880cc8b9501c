import { AuthError } from "../platform/errors.ts";

/** Something in the vault that a newer version of auth wrote. It is neither read nor replaced: it isn't damaged. */
export class NewerVersionError extends AuthError {
  /** @param what as a sentence begins: `The vault's record github:work` */
  constructor(what: string, connection?: string) {
    super("vault_corrupt", `${what} was written by a newer version of auth.`, {
      hint: "Upgrade auth on this machine. What is stored was left as it is.",
      ...(connection !== undefined && { connection }),
    });
  }
}
