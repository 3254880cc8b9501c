import { escapeText } from "../../platform/escape.ts";
import { defineCommand } from "../command.ts";
import { inSession } from "../session.ts";
import { namedProfile, PROFILE, type ProfileView, profileView } from "./shared.ts";

export default defineCommand({
  name: "show",
  description: "Show the settings of a connection",
  args: {
    ...PROFILE,
  },
  examples: [
    ["auth profile show {a}:work", "what a login under this name would use"],
    ["auth profile show {a}:work --json", "for a program"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const { stored } = await namedProfile(session, args.connection, args.profile);
      const view = profileView(stored, session.context.now());
      if (cli.output.isJson) return cli.output.json(view);
      for (const line of profileLines(view)) await cli.output.text(line);
    }),
});

export function profileLines(view: ProfileView): string[] {
  const facts: [string, string | null][] = [
    ...Object.entries(view.settings),
    // Some providers have a setting of that name, which says the same.
    ["issuer", view.settings.issuer === undefined ? view.issuer : null],
    ...Object.entries(view.endpoints).map(([name, url]): [string, string] => [`endpoint ${name}`, url]),
    ["scopes", view.scopes === null ? null : view.scopes.join(" ")],
    ["flow", view.flow],
    ["client id", view.clientId],
  ];
  const lines = facts
    .filter((fact) => fact[1] !== null)
    .map(([name, value]) => `  ${name}: ${escapeText(value ?? "")}`);
  return [`${view.connection} (${view.status})`, ...lines];
}
