import { version } from "../../../package.json";
import { usage } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";
import { defineCommand } from "../command.ts";
import type { Cli } from "../context.ts";
import { inSession } from "../session.ts";
import { detailLines, detailsOf } from "./details.ts";
import { type ProviderView, viewOf } from "./view.ts";

export default defineCommand({
  name: "show",
  description: "Show all that is known of a provider: flows, client, addresses, scopes, variables, errors",
  args: {
    id: { type: "positional", required: true, description: "The provider" },
    toml: { type: "boolean", description: "As a manifest, to copy and to change" },
  },
  examples: [
    ["auth provider show {a}", "in words"],
    ["auth provider show {b} --json", "for a program"],
    ["auth provider show {b} --toml > mine.toml", "a manifest to start from"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const id = await session.registry.require(args.id);
      if (args.toml) return showManifest(cli, await session.registry.get(id));
      const view = await viewOf(session, id);
      const definition = view.fault === null ? await session.registry.get(id) : null;
      if (cli.output.isJson) return cli.output.json({ ...view, ...(definition && detailsOf(definition)) });
      const lines = [...inWords(view), ...(definition === null ? [] : detailLines(definition))];
      for (const line of lines) await cli.output.text(escapeText(line));
      if (view.fault !== null) cli.output.warn(view.fault);
    }),
});

async function showManifest(cli: Cli, definition: ProviderDefinition): Promise<void> {
  if (cli.output.isJson) throw usage("--toml is no JSON.", "Leave one of the two out.");
  const { writeManifest } = await import("../../providers/plugins/manifest.ts");
  // Only for what is part of auth, or of a module.
  const { movedFrom: _, functions, ...data } = definition;
  if (functions !== undefined)
    cli.output.warn(`Left out: ${Object.keys(functions).join(", ")}, which a module alone can have.`);
  const head = `${definition.title}, as auth ${version} describes it. Give a copy an id of its own, then check it:\nauth provider check <file>`;
  await cli.output.text((await writeManifest(data, head)).trimEnd());
}

/** Also what is shown before a plugin is added. */
export function inWords(view: Omit<ProviderView, "fault" | "trust"> & Partial<ProviderView>): string[] {
  const {
    id,
    title,
    origin,
    source,
    replaces,
    aliases,
    docs,
    flows,
    settings,
    variables,
    alsoReads,
    writes,
    origins,
    otherOrigins,
    trust,
  } = view;
  const facts: [string, string][] = [
    ["Origin", `${source ?? origin}${replaces ? " (replaces, or uses what belongs to, another provider)" : ""}`],
    ["Also called", aliases.join(", ")],
    ["Documentation", docs ?? ""],
    ["Flows", flows.join(", ")],
    ["Sends tokens to", origins.map(inWhole).join(", ")],
    ["With other settings, sends them to", otherOrigins.map(inWhole).join(", ")],
    ["Reads", variables.read.join(", ")],
    ["Reads for its client or a key file", alsoReads.join(", ")],
    ["Writes", writes.map(({ variable, value }) => `${variable}=${value}`).join(", ")],
    ["Trust", trust ?? ""],
  ];
  return [
    `${title} (${id})`,
    ...facts.filter(([, value]) => value !== "").map(([name, value]) => `  ${name}: ${value}`),
    ...settings.map((setting) => {
      const how = `${setting.flag}${setting.env.length === 0 ? "" : `, or read from ${setting.env.join(", ")}`}`;
      const whenLeftOut = setting.required ? "required" : (setting.default ?? "optional");
      const choices = setting.choices === null ? "" : `; one of ${setting.choices.join(", ")}`;
      return `  Setting ${setting.name}: ${setting.title} (${how}; ${whenLeftOut}${choices})`;
    }),
  ];
}

/** An origin that a setting alone decides can be any. */
function inWhole(origin: string): string {
  return /^(https?:\/\/)?\{\w+\}$/.test(origin) ? `${origin} (any host)` : origin;
}
