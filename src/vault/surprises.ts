/** Errors where what is stored isn't what this process, or this machine, knows of it. */
import { AuthError } from "../platform/errors.ts";
import { type Label, RecordError } from "./seal.ts";

export function rolledBack({ type, name }: Label): AuthError {
  const what = type === "connection" ? name : `the ${type} ${name}`;
  return new RecordError(
    "vault_rolled_back",
    `The shared vault has an older state of ${what} than this machine has seen.`,
    {
      hint: "The database lost what it had confirmed, as by a failover, or was restored from a backup. Nothing was sent.\nTo go on with what it has now: auth vault accept",
      ...(type === "connection" && { connection: name }),
    },
  );
}

export function replaced(): AuthError {
  return new AuthError("vault_replaced", "Another vault was put in this one's place.", {
    hint: "Run the command again to use the vault that is there now.",
  });
}
