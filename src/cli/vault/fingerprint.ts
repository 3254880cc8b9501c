/** How a person or a flag shows that a vault of members is the one that is meant. */
import type { Comparison } from "../../vault/store.ts";
import type { Args } from "../command.ts";
import type { Cli } from "../context.ts";

export const FINGERPRINT = {
  fingerprint: {
    type: "string",
    valueHint: "fingerprint",
    description: "The fingerprint of the vault that is meant, from one of its members: auth vault member list",
  },
} as const satisfies Args;

export async function comparisonBy(cli: Cli, fingerprint: string | undefined): Promise<Comparison> {
  if (fingerprint !== undefined) return { fingerprint };
  if (cli.output.isJson || !(await cli.interactive())) return {};
  return {
    compare: async (found, store) => {
      const { confirm } = await import("../../platform/prompt.ts");
      cli.output.say(`The vault at ${store} has the fingerprint ${found}`);
      await cli.output.done();
      return confirm("Is it the same that a member has (auth vault member list)?");
    },
  };
}
