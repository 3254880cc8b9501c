import { readPin, writePin } from "../../connections/plugins.ts";
import { AuthError, usage } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import { commandLine } from "../../platform/shell-word.ts";
import { isProviderId } from "../../providers/names.ts";
import { clashError, clashWithOthers } from "../../providers/plugins/claims.ts";
import { isModule, type PluginFile } from "../../providers/plugins/file.ts";
import { installPlugin } from "../../providers/plugins/install.ts";
import { loadManifest } from "../../providers/plugins/load.ts";
import { installedFile } from "../../providers/plugins/place.ts";
import { type FoundPlugin, findPlugin } from "../../providers/plugins/sources/source.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";
import { defineCommand } from "../command.ts";
import type { Cli } from "../context.ts";
import { requireConsent } from "../input.ts";
import { inSession, type Session } from "../session.ts";
import { CONSENT, type Consent, consentFrom, requireHash } from "./consent.ts";
import { described, inWords, sourceOf } from "./view.ts";

export default defineCommand({
  name: "add",
  description: "Install a provider plugin: a manifest or a module, from a file, a URL or an npm package",
  args: {
    source: {
      type: "positional",
      required: false,
      variadic: true,
      completes: "file",
      description:
        "A file, https://…, or npm:<package>[@<version>]; with --from, the entries to add: <entry>, or <entry>=<id>",
    },
    from: { type: "string", valueHint: "file", description: "A catalogue of yours: a providers.yaml, as Nango has it" },
    replace: { type: "boolean", description: "Also in the place of another provider, or with what belongs to one" },
    ...CONSENT,
  },
  examples: [
    ["auth provider add ./acme.toml", "shows what it does, and asks"],
    ["auth provider add npm:auth-provider-acme@1.2.0 --yes", "from npm, without npm"],
    ["auth provider add --from providers.yaml acme", "an entry of a catalogue; without a name, how much of it can be"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const from = args.from === undefined ? [] : ["--from", args.from];
      const replace = args.replace ?? false;
      const call = ["auth", "provider", "add", ...from, ...args._, ...(replace ? ["--replace"] : []), "--yes"];
      const options = { replace, ...consentFrom(args), call };
      if (args.from !== undefined) {
        if (options.ci !== null) throw usage("--ci is one file's hash: a catalogue's entries have none.", "Use --yes.");
        const { addFrom } = await import("./add-from.ts");
        return addFrom(cli, session, args.from, args._, options);
      }
      const [source, ...more] = args._;
      if (source === undefined || more.length > 0)
        throw usage("Which plugin?", "Give one file, URL or package: auth provider add ./acme.toml");
      const added = await addPlugin(cli, session, await findPlugin(cli.context, source), options);
      if (cli.output.isJson) await cli.output.json(added);
    }),
});

export interface Added {
  readonly provider: string;
  readonly origin: string;
  readonly file: string;
  readonly hash: string;
  readonly replaces: boolean;
  /** Adding a module doesn't trust it. */
  readonly trust: "not needed" | "untrusted";
}

export interface AddOptions extends Consent {
  readonly replace: boolean;
  /** This command with `--yes`. */
  readonly call: readonly string[];
}

export async function addPlugin(cli: Cli, session: Session, found: FoundPlugin, options: AddOptions): Promise<Added> {
  const { replace, yes, call } = options;
  const { file, origin } = found;
  requireHash(file, options);
  const manifest = isModule(file.kind) ? null : await loadManifest(file, session.registry.get);
  const clash = manifest === null ? null : await clashOf(session, manifest.definition, manifest.base, replace);
  const id = manifest?.definition.id ?? checkId(found);
  const replaces = (await refuseTaken(session, id, replace)) || clash !== null;
  const words =
    manifest === null
      ? moduleWords(found, id)
      : inWords({ ...described(manifest.definition), id, ...sourceOf(origin), replaces });
  for (const line of words) cli.output.notice(escapeText(line));
  await requireConsent(cli, `Add ${id}?`, yes, `Review the above, then: ${commandLine(call)}`);
  const path = installPlugin(cli.context.paths.providers, id, file);
  const { vault } = await session.services();
  await writePin(vault, id, { format: 1, id, origin, hash: file.hash, replaces, trusted: null });
  await cli.context.audit({ event: "plugin", status: "success", message: `added ${id} from ${origin}, ${file.hash}` });
  const trust = manifest === null ? "untrusted" : "not needed";
  cli.output.success(`Added ${id}.`);
  if (trust === "untrusted")
    cli.output.notice(`It is a module: nothing of it runs until you trust it: auth provider trust ${id}`);
  else cli.output.say(`Log in: auth login ${id}`);
  return { provider: id, origin, file: path, hash: file.hash, replaces, trust };
}

/**
 * @param allowed whether it may
 * @returns what it claims of another provider, in words; null: nothing
 * @throws AuthError `plugin_invalid` where it may not
 */
export async function clashOf(
  { registry }: Session,
  definition: ProviderDefinition,
  base: string | null,
  allowed: boolean,
): Promise<string | null> {
  const clash = await clashWithOthers(definition, base, await registry.everyId(), registry.get);
  if (clash !== null && !allowed) throw clashError(definition.id, clash);
  return clash;
}

/** @returns whether it replaces a provider that is part of auth */
async function refuseTaken(session: Session, id: string, replace: boolean): Promise<boolean> {
  const { registry, context } = session;
  const known = (await registry.everyId()).includes(id);
  const installed = (await installedFile(context.paths.providers, id)) !== null;
  if ((known || installed) && !replace)
    throw new AuthError("plugin_invalid", `There is a provider ${id} already${installed ? ", a plugin" : ""}.`, {
      hint: `To put this one in its place: --replace. To have both, give it another id.`,
    });
  if (!known) return false;
  const vault = await session.vault();
  const before = installed && vault !== null ? await readPin(vault, id) : null;
  return before?.replaces === true || (await registry.kindOf(id)) !== "installed";
}

function checkId({ id, file }: FoundPlugin): string {
  if (isProviderId(id)) return id;
  throw usage(`${file.name} can't be named '${id}'.`, "Call the file <id>.ts: lower-case letters, digits and dashes.");
}

/** What is known of a module before it has run. */
function moduleWords({ file, origin }: FoundPlugin, id: string): string[] {
  return [`${id}: a module, whose code runs as you once you trust it`, `  Origin: ${origin}`, ...fileWords(file)];
}

export function fileWords({ name, text, hash }: PluginFile): string[] {
  return [`  File: ${name}, ${text.length} characters`, `  Hash: ${hash}`];
}
