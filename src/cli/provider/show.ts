import { escapeText } from "../../platform/escape.ts";
import { defineCommand } from "../command.ts";
import { registry } from "../session.ts";
import { type ProviderView, providerView } from "./view.ts";

export default defineCommand({
  name: "show",
  description: "Show how a provider is logged in to, its settings and variables",
  args: { id: { type: "positional", required: true, description: "The provider" } },
  examples: [
    ["auth provider show {a}", "in words"],
    ["auth provider show {b} --json", "for a program"],
  ],
  run: async (cli, args) => {
    const view = providerView(await registry.get(args.id));
    if (cli.output.isJson) return cli.output.json(view);
    for (const line of inWords(view)) await cli.output.text(escapeText(line));
  },
});

function inWords({ id, title, origin, docs, flows, settings, variables }: ProviderView): string[] {
  const facts: [string, string][] = [
    ["Origin", origin],
    ["Documentation", docs ?? ""],
    ["Flows", flows.join(", ")],
    ["Reads", variables.read.join(", ")],
    ["Writes", variables.write.join(", ")],
  ];
  return [
    `${title} (${id})`,
    ...facts.filter(([, value]) => value !== "").map(([name, value]) => `  ${name}: ${value}`),
    ...settings.map((setting) => {
      const how = [setting.flag, ...setting.env].join(", ");
      const standing = setting.required ? "required" : (setting.default ?? "optional");
      return `  Setting ${setting.name}: ${setting.title} (${how}; ${standing})`;
    }),
  ];
}
