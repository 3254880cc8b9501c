/** What is said of a new vault: one line, once. */
import type { Context } from "../../platform/context.ts";
import type { Created } from "../../vault/create.ts";
import { SOURCE_WORDS } from "../../vault/sources/source.ts";

export function madeVault({ paths }: Context, { source, chosen }: Created): string {
  if (source !== "file") return `Made a vault; its key comes from ${SOURCE_WORDS[source]}.`;
  const other = chosen ? "" : " Another place for it: auth vault rekey --key passphrase";
  return `Made a vault; its key is in the file ${paths.key}.${other}`;
}
