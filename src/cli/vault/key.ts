/** `--key`: where a vault's key comes from. */
import { usage } from "../../platform/errors.ts";
import { SOURCE_WORDS, type SourceName } from "../../vault/sources/source.ts";
import type { Args } from "../command.ts";
import { shown } from "../flags.ts";
import { oneOf } from "../suggest.ts";

export const KEY = {
  key: {
    type: "string",
    valueHint: "keychain|file|passphrase|env|command",
    description:
      "Where the key comes from: the system's keychain, a key file, a passphrase, AUTH_KEY or AUTH_KEY_COMMAND",
  },
} as const satisfies Args;

export function keySource(wanted: string | undefined): SourceName | undefined {
  if (wanted === undefined) return undefined;
  if (Object.hasOwn(SOURCE_WORDS, wanted)) return wanted as SourceName;
  throw usage(`There is no key source '${shown(wanted)}'.`, oneOf(wanted, Object.keys(SOURCE_WORDS), "Sources"));
}
