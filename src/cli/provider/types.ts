import { defineCommand } from "../command.ts";

export default defineCommand({
  name: "types",
  description: "Print what editors complete a provider's description by: TypeScript types, or a JSON Schema",
  args: {
    "json-schema": { type: "boolean", description: "For manifests: a JSON Schema instead of TypeScript" },
  },
  examples: [
    ["auth provider types > auth-provider.d.ts", "beside a module that imports from auth/provider"],
    ["auth provider types --json-schema > auth-provider.schema.json", "for TOML and JSON manifests"],
  ],
  run: async (cli, args) => {
    // A JSON Schema is the one of the two that is JSON.
    if (args["json-schema"] || cli.output.isJson) {
      const { manifestSchema } = await import("../../providers/schema/json-schema.ts");
      return cli.output.json(manifestSchema());
    }
    const { typings } = await import("../../providers/schema/typings.ts");
    await cli.output.text(typings().trimEnd());
  },
});
