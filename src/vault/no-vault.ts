/** What to say where a command needs a vault, and the place that is used has none. */
import type { Context } from "../platform/context.ts";
import { AuthError } from "../platform/errors.ts";
import { storeAt } from "./store.ts";

export async function noVault(context: Context): Promise<AuthError> {
  const store = storeAt(context);
  const hint = [
    "The first login makes one; or choose where its key comes from: auth vault init --key keychain",
    ...(store.chosenBy === null ? ["For one that machines share: auth vault use <address>, or set AUTH_STORE"] : []),
  ];
  const ofFile = (): AuthError =>
    new AuthError("connection_not_found", `There is no vault at ${store.file}.`, { hint: hint.join("\n") });
  return (await store.absent()) ?? ofFile();
}
