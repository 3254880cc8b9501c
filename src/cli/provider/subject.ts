/** The description for a command: from a file by its name, else from a provider by its id. */
import { usage } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import { commandLine } from "../../platform/shell-word.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";
import type { Cli } from "../context.ts";
import { requireConsent } from "../input.ts";
import type { Session } from "../session.ts";
import { clashOf, fileWords } from "./add.ts";
import { type Consent, requireHash } from "./consent.ts";

export interface GivenProvider {
  readonly definition: ProviderDefinition;
  /** Of a file: what it claims of another provider; null: nothing. */
  readonly clash?: string | null;
  /** For a file: whether it would replace a provider with its id. */
  readonly isTaken?: boolean;
  /** Of a file: the provider that it starts from. */
  readonly base?: string | null;
}

export function isFileName(provider: string): boolean {
  return /[./\\]/.test(provider);
}

/**
 * @param consent for a module's code, which is run as the user to see what it declares
 * @param command that is repeated with `--yes`, where no person can be asked
 */
export async function subjectOf(
  cli: Cli,
  session: Session,
  provider: string,
  consent: Consent,
  command: "check" | "try",
): Promise<GivenProvider> {
  const { registry } = session;
  if (!isFileName(provider)) {
    if (consent.ci !== null) throw usage("--ci is a file's hash.", "Name the plugin's file.");
    return { definition: await registry.get(await registry.require(provider)) };
  }
  const { evaluateModule, loadManifest } = await import("../../providers/plugins/load.ts");
  const { isModule, readPluginFile } = await import("../../providers/plugins/file.ts");
  const file = await readPluginFile(provider);
  requireHash(file, consent);
  if (!isModule(file.kind)) {
    const { definition, base } = await loadManifest(file, registry.get);
    return { definition, base, ...(await claimedBy(session, definition, base)) };
  }
  if (!consent.yes)
    for (const line of [`${provider}: a module. To ${command} it is to run its code as you.`, ...fileWords(file)])
      cli.output.notice(escapeText(line));
  const call = ["auth", "provider", command, provider, "--yes"];
  await requireConsent(cli, "Run it?", consent.yes, `Review the above, then: ${commandLine(call)}`);
  const { definition } = await evaluateModule({ ...file, kind: file.kind });
  return { definition, ...(await claimedBy(session, definition, null)) };
}

/** What a built-in provider shares with another, its replacement may share, too. */
async function claimedBy(
  session: Session,
  definition: ProviderDefinition,
  base: string | null,
): Promise<Required<Pick<GivenProvider, "clash" | "isTaken">>> {
  const clash = await clashOf(session, definition, base, true);
  const { registry } = session;
  const isTaken = (await registry.everyId()).includes(definition.id);
  if (clash === null || !isTaken || (await registry.kindOf(definition.id)) === "installed") return { clash, isTaken };
  const isShared = clash === (await clashOf(session, await registry.get(definition.id), null, true));
  return { clash: isShared ? null : clash, isTaken };
}
