/** The two ways to consent without a question, wherever a plugin is reviewed. */
import { AuthError } from "../../platform/errors.ts";
import type { PluginFile } from "../../providers/plugins/file.ts";
import type { Args } from "../command.ts";

export const CONSENT = {
  yes: { type: "boolean", alias: "y", description: "Don't ask" },
  ci: { type: "string", valueHint: "hash", description: "Don't ask: go on if this is the file's hash (sha256-…)" },
} as const satisfies Args;

export interface Consent {
  /** Whether consent is given already. */
  readonly yes: boolean;
  /** The hash of the only file that consent is given for. */
  readonly ci: string | null;
}

export function consentFrom({
  yes,
  ci,
}: {
  readonly yes?: boolean | undefined;
  readonly ci?: string | undefined;
}): Consent {
  return { yes: (yes ?? false) || ci !== undefined, ci: ci ?? null };
}

/** @throws AuthError `plugin_untrusted` for another file than that of `--ci` */
export function requireHash({ hash, name }: Pick<PluginFile, "hash" | "name">, { ci }: Consent): void {
  if (ci === null || ci === hash) return;
  throw new AuthError("plugin_untrusted", `${name} is not the file with that hash.`, {
    hint: `Its hash is ${hash}. Look at it before you trust it.`,
  });
}
