import { escapeText } from "../../platform/escape.ts";
import { defineCommand } from "../command.ts";
import { inSession } from "../session.ts";
import { type ProviderView, viewOf } from "./view.ts";

export default defineCommand({
  name: "show",
  description: "Show how a provider is logged in to, its settings and variables",
  args: { id: { type: "positional", required: true, description: "The provider" } },
  examples: [
    ["auth provider show {a}", "in words"],
    ["auth provider show {b} --json", "for a program"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const view = await viewOf(session, args.id);
      if (cli.output.isJson) return cli.output.json(view);
      for (const line of inWords(view)) await cli.output.text(escapeText(line));
      if (view.fault !== null) cli.output.warn(view.fault);
    }),
});

/** Also what is shown before a plugin is added. */
export function inWords(view: Omit<ProviderView, "fault" | "trust"> & Partial<ProviderView>): string[] {
  const { id, title, origin, source, replaces, docs, flows, settings, variables, writes, origins, trust } = view;
  const facts: [string, string][] = [
    ["Origin", `${source ?? origin}${replaces ? " (replaces, or uses what belongs to, another provider)" : ""}`],
    ["Documentation", docs ?? ""],
    ["Flows", flows.join(", ")],
    ["Sends tokens to", origins.join(", ")],
    ["Reads", variables.read.join(", ")],
    ["Writes", writes.map(({ variable, value }) => `${variable}=${value}`).join(", ")],
    ["Trust", trust ?? ""],
  ];
  return [
    `${title} (${id})`,
    ...facts.filter(([, value]) => value !== "").map(([name, value]) => `  ${name}: ${value}`),
    ...settings.map((setting) => {
      const how = [setting.flag, ...setting.env].join(", ");
      const standing = setting.required ? "required" : (setting.default ?? "optional");
      const choices = setting.choices === null ? "" : `; one of ${setting.choices.join(", ")}`;
      return `  Setting ${setting.name}: ${setting.title} (${how}; ${standing}${choices})`;
    }),
  ];
}
