import { requireClientSyntax, updateClients } from "../../connections/clients.ts";
import { parseSelector } from "../../connections/ref.ts";
import { usage } from "../../platform/errors.ts";
import { Secret } from "../../platform/secret.ts";
import { shellWord } from "../../platform/shell-word.ts";
import { defineCommand } from "../command.ts";
import { address, nonEmpty } from "../login-flags.ts";
import { readExactSecret } from "../secret-input.ts";
import { inSession } from "../session.ts";
import { settingFlags, settingsFrom } from "../settings.ts";
import { tokenOrigin } from "./place.ts";

export default defineCommand({
  name: "set",
  description: "Keep the client that logins at a provider use",
  args: {
    provider: { type: "positional", required: true, description: "The provider" },
    "client-id": { type: "string", valueHint: "id", description: "The client's id" },
    "client-secret": { type: "string", valueHint: "-", description: "Its secret; '-' reads it from standard input" },
    issuer: { type: "string", valueHint: "url", description: "The issuer it belongs to" },
  },
  extraFlags: settingFlags,
  examples: [
    ["auth client set {a} --client-id my-id --client-secret -", "the secret is read from standard input"],
    ["auth client set {a} --client-id my-id", "a public client"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const provider = await session.registry.require(parseSelector(args.provider).provider);
      const id = nonEmpty(args["client-id"], "--client-id");
      if (id === null) throw usage("Which client?", `Name it: auth client set ${provider} --client-id <id>`);
      const given = args["client-secret"];
      const secret =
        given === undefined ? null : given === "-" ? await readExactSecret(cli, "Client secret") : shown(cli, given);
      requireClientSyntax(id, secret);
      const hint = `Name it: auth client set ${provider} --client-id ${shellWord(id)}${secret === null ? "" : " --client-secret -"} --issuer <url>`;
      const settings = await settingsFrom(session.registry, provider, args);
      const origin = await tokenOrigin(session, provider, settings, address(args.issuer, "--issuer"), hint);
      const { vault } = await session.services();
      await updateClients(vault, provider, origin, (clients) => ({
        ...clients,
        chosen: id,
        clients: {
          ...clients.clients,
          [id]: { secret, source: "person", savedAt: session.context.now(), refused: null },
        },
      }));
      const view = { provider, origin, clientId: id, hasSecret: secret !== null };
      if (cli.output.isJson) return cli.output.json(view);
      cli.output.success(`Logins at ${origin} now use the client ${id}${secret === null ? " (no secret)" : ""}.`);
    }),
});

function shown(cli: Parameters<typeof readExactSecret>[0], value: string): Secret {
  if (value.trim() === "") throw usage("--client-secret is empty.", "Give it on standard input: --client-secret -");
  cli.output.warn("Other processes can see a secret on the command line. Better: --client-secret -");
  return new Secret(value.trim());
}
