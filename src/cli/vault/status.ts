import { AuthError } from "../../platform/errors.ts";
import { SOURCE_WORDS } from "../../vault/sources/source.ts";
import { vaultStatus } from "../../vault/status.ts";
import { defineCommand } from "../command.ts";

export default defineCommand({
  name: "status",
  description: "Show where the vault is and what its key comes from",
  examples: [
    ["auth vault status", "where it is, what its key comes from, what weakens it"],
    ["auth vault status --json", "for a program"],
  ],
  run: async (cli) => {
    const status = await vaultStatus(cli.context);
    if (status === null)
      throw new AuthError("connection_not_found", `There is no vault at ${cli.context.paths.vault}.`, {
        hint: "The first login makes one; or choose where its key comes from: auth vault init --key keychain",
      });
    if (cli.output.isJson) return cli.output.json(status);
    const facts = [
      ["Vault", status.path],
      [
        "Key",
        SOURCE_WORDS[status.keySource] + (status.keyVariable === null ? "" : ` (asked now: ${status.keyVariable})`),
      ],
      ["Records", String(status.records)],
      ["Format", `${status.format}, epoch ${status.epoch}`],
      ["Id", status.vaultId],
    ];
    for (const [name, value] of facts) await cli.output.text(`${name}: ${value}`);
    for (const warning of status.warnings) cli.output.warn(warning);
  },
});
