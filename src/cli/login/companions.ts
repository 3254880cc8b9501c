/** Companions, secrets that a provider's API wants beside each token: flags of the login whose only value is `-`. */
import { usage } from "../../platform/errors.ts";
import { type CompanionSecrets, secretCompanions } from "../../providers/companions.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";
import { flagOf } from "../../providers/settings.ts";
import type { Cli } from "../context.ts";
import { readSecret } from "../input.ts";

export interface GivenCompanion {
  readonly name: string;
  readonly title: string;
}

/** Those whose flags were given. @throws AuthError `usage` for one with a value: other processes would see it */
export function companionsGiven(
  definition: ProviderDefinition,
  args: Readonly<Record<string, unknown>>,
): GivenCompanion[] {
  return secretCompanions(definition).flatMap(([name, { title }]) => {
    const value = args[flagOf(name)];
    if (value === undefined) return [];
    if (value === "-") return [{ name, title }];
    throw usage(
      `--${flagOf(name)} takes '-': the secret is read from standard input.`,
      "Other processes see what is on the command line.",
    );
  });
}

export async function readCompanions(cli: Cli, given: readonly GivenCompanion[]): Promise<CompanionSecrets> {
  const [only] = given;
  return only === undefined ? {} : { [only.name]: await readSecret(cli, only.title) };
}
