import { readPin, writePin } from "../../connections/plugins.ts";
import { AuthError } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import { isProviderId } from "../../providers/names.ts";
import { isModule, type PluginFile, readPluginFile } from "../../providers/plugins/file.ts";
import { requireName } from "../../providers/plugins/installed.ts";
import { evaluateModule } from "../../providers/plugins/load.ts";
import { installedFile } from "../../providers/plugins/place.ts";
import { forgetIndex } from "../../providers/plugins/stamps.ts";
import type { Pin } from "../../providers/plugins/trust.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";
import { defineCommand } from "../command.ts";
import type { Cli } from "../context.ts";
import { requireConsent } from "../input.ts";
import { inSession } from "../session.ts";
import { clashOf } from "./add.ts";
import { CONSENT, type Consent, consentFrom, requireHash } from "./consent.ts";
import { described, inWords, sourceOf } from "./view.ts";

export default defineCommand({
  name: "trust",
  description: "Look at a module's code, and let it run: these very bytes, in this home",
  args: {
    id: { type: "positional", required: true, completes: "plugin", description: "The provider" },
    replace: { type: "boolean", description: "Although it claims what belongs to another provider" },
    ...CONSENT,
  },
  examples: [
    ["auth provider trust acme", "shows its source, or what changed in it since, and asks"],
    ["auth provider trust acme --ci <hash>", "in a job, for a module that was looked at elsewhere"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const id = (await session.registry.idOf(args.id)) ?? args.id;
      const file = await moduleOf(cli, id);
      if (file === null) {
        cli.output.say(`${id} is a manifest: no code of it runs, so there is nothing to trust.`);
        if (cli.output.isJson) await cli.output.json({ provider: id, trust: "not needed" });
        return;
      }
      const { vault } = await session.services();
      const pin = (await readPin(vault, id)) ?? newPin(id, file);
      const consent = consentFrom(args);
      requireHash(file, consent);
      if (consent.ci === null) await review(cli, file, pin, consent);
      const { definition, ...evaluated } = await evaluateModule(file);
      requireName(file, id, definition);
      const replaces = pin.replaces || (await clashOf(session, definition, null, args.replace ?? false)) !== null;
      for (const line of wordsFor(definition, pin)) cli.output.notice(escapeText(line));
      await requireConsent(cli, "Pin it? It then runs as you.", consent.yes, trustsHash(pin, file));
      const trusted = { ...evaluated, at: cli.context.now() };
      await writePin(vault, id, { ...pin, hash: file.hash, trusted, replaces });
      forgetIndex(cli.context.paths.providers);
      await cli.context.audit({ event: "plugin", status: "success", message: `trusted ${id}, ${file.hash}` });
      cli.output.success(`Trusted ${id}, as it is now.`);
      if (cli.output.isJson) await cli.output.json({ provider: id, trust: "trusted", hash: file.hash });
    }),
});

/** null for a manifest. @throws AuthError `provider_not_found` */
async function moduleOf(cli: Cli, id: string): Promise<(PluginFile & { kind: "ts" | "js" }) | null> {
  const path = isProviderId(id) ? await installedFile(cli.context.paths.providers, id) : null;
  if (path === null)
    throw new AuthError("provider_not_found", `There is no plugin '${escapeText(id.slice(0, 60))}' here.`, {
      hint: "What is part of auth needs no trust. See which others there are: auth provider list",
    });
  const file = await readPluginFile(path);
  return isModule(file.kind) ? { ...file, kind: file.kind } : null;
}

function newPin(id: string, { hash }: PluginFile): Pin {
  return { format: 1, id, origin: "file", hash, replaces: false, trusted: null };
}

/** Shows the source, or what changed since it was trusted, and asks: its code runs only after a yes. */
async function review(cli: Cli, file: PluginFile, pin: Pin, { yes }: Consent): Promise<void> {
  const lines = pin.trusted === null ? file.text.split("\n") : await changes(pin.trusted.source, file.text);
  for (const line of lines) cli.output.notice(escapeText(line.replaceAll("\t", "    ")));
  cli.output.notice(["", file.name, `  Origin: ${pin.origin}`, `  Hash: ${file.hash}`]);
  if (pin.trusted !== null && pin.hash === file.hash) cli.output.notice("  It is as it was when it was trusted.");
  await requireConsent(cli, "Run this to see what it declares?", yes, trustsHash(pin, file));
}

function trustsHash(pin: Pin, file: PluginFile): string {
  return `To trust just these bytes: auth provider trust ${pin.id} --ci ${file.hash}`;
}

async function changes(before: string, after: string): Promise<string[]> {
  if (before === after) return [];
  const { createTwoFilesPatch } = await import("diff");
  return createTwoFilesPatch("trusted", "now", before, after, "", "", { context: 3 }).split("\n").slice(1);
}

function wordsFor(definition: ProviderDefinition, { origin, replaces }: Pin): string[] {
  const functions = Object.keys(definition.functions ?? {});
  return [
    ...inWords({ ...described(definition), id: definition.id, ...sourceOf(origin), replaces }),
    `  Functions: ${functions.length === 0 ? "none" : functions.join(", ")}`,
  ];
}
