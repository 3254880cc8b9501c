import { ownIssuer } from "../../connections/pin.ts";
import { display, typed } from "../../connections/ref.ts";
import { usage } from "../../platform/errors.ts";
import { parseEndpoints } from "../../providers/overrides.ts";
import { resolveProvider } from "../../providers/resolve.ts";
import { defineCommand, list } from "../command.ts";
import { LOGIN_SETTINGS } from "../login.ts";
import { address, flowOf, nonEmpty } from "../login-flags.ts";
import { scopes } from "../selector.ts";
import { inSession } from "../session.ts";
import { settingFlags, settingsFrom } from "../settings.ts";
import { createProfile, profileRef, profileView, requireProfile } from "./shared.ts";

export default defineCommand({
  name: "create",
  description: "Store the settings of a connection, to log in later",
  args: {
    connection: { type: "positional", required: true, description: "<provider>, <provider>:<name> or https://issuer" },
    profile: { type: "string", alias: "p", valueHint: "name", description: "The connection's name" },
    ...LOGIN_SETTINGS,
  },
  extraFlags: settingFlags,
  examples: [
    ["auth profile create {a}:work --scope repo --client-id my-id", "then: auth login {a}:work"],
    ["auth profile create {a}:work", "asks for the settings, on a terminal"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const { ref, settings: told } = await profileRef(session, args.connection, args.profile);
      const definition = await session.registry.get(ref.provider);
      const flags = {
        settings: { ...told, ...(await settingsFrom(session.registry, ref.provider, args)) },
        issuer: ownIssuer(definition, address(args.issuer, "--issuer")),
        endpoints: { ...parseEndpoints(list(args.endpoint)) } as Record<string, string>,
        scopes: scopes(args.scope),
        flow: flowOf(args.flow),
        clientId: nonEmpty(args["client-id"], "--client-id"),
      };
      const isBare = Object.values(flags).every((value) => value === null || Object.keys(value).length === 0);
      const asks = isBare && !cli.output.isJson && (await cli.interactive());
      const fields = asks
        ? { ...flags, ...(await (await import("./ask.ts")).askSettings(definition, cli.context.env)) }
        : flags;
      resolveProvider(definition, fields.settings);
      const { vault } = await session.services();
      if (!(await createProfile(vault, ref, fields, session.context.now())))
        throw usage(`${display(ref)} exists already.`, `Change it: auth profile edit ${display(ref)}`);
      const { stored } = await requireProfile(session, ref);
      if (cli.output.isJson) return cli.output.json(profileView(stored, session.context.now()));
      cli.output.success(`Created ${display(ref)}. Log in: auth login ${typed(ref)}`);
    }),
});
