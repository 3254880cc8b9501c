/** `auth provider add --from <providers.yaml> [name…]`: entries of a catalogue that the user brings, as manifests. */
import { basename } from "node:path";
import { AuthError, errorCode, usage } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import { LIMITS } from "../../platform/limits.ts";
import { type Conversion, convertCatalogue, figures } from "../../providers/convert/convert.ts";
import { pluginFile } from "../../providers/plugins/file.ts";
import { writeManifest } from "../../providers/plugins/manifest.ts";
import type { Cli } from "../context.ts";
import type { Session } from "../session.ts";
import { type Added, type AddOptions, addPlugin } from "./add.ts";

export async function addFrom(
  cli: Cli,
  session: Session,
  path: string,
  names: readonly string[],
  options: AddOptions,
): Promise<void> {
  const text = await textOf(path);
  if (names.length === 0) return showFigures(cli, convertCatalogue(text, "all"));
  const taken = options.replace ? [] : await session.registry.everyId();
  const added: Added[] = [];
  const refused: string[] = [];
  for (const conversion of convertCatalogue(text, names, taken)) {
    const { name, definition, lost } = conversion;
    for (const loss of lostIn(conversion)) cli.output.warn(`${name}: ${loss}`);
    if (definition === null) {
      refused.push(name);
      continue;
    }
    const head = [
      `From the entry '${name}' of ${basename(path)}.`,
      ...lost.map((loss) => `Not said: ${inWords(loss)}`),
    ];
    const manifest = await writeManifest(definition, escapeTextLines(head));
    const file = pluginFile(`${definition.id}.toml`, new TextEncoder().encode(manifest));
    added.push(await addPlugin(cli, session, { file, id: definition.id, origin: "file" }, options));
  }
  if (cli.output.isJson && refused.length === 0) await cli.output.json(added);
  if (refused.length > 0)
    throw new AuthError("plugin_invalid", `${refused.join(", ")} can't be described.`, {
      hint: added.length === 0 ? "Nothing was added." : `Added: ${added.map(({ provider }) => provider).join(", ")}.`,
    });
}

/** Without names: what of the catalogue could be added, and why the rest couldn't. Nothing is. */
async function showFigures(cli: Cli, conversions: readonly Conversion[]): Promise<void> {
  const all = figures(conversions);
  if (cli.output.isJson) {
    const entries = conversions.map(({ name, mode, definition, lost }) => ({
      name,
      mode,
      provider: definition?.id ?? null,
      lost,
    }));
    return cli.output.json({ figures: all, entries });
  }
  for (const conversion of conversions)
    for (const loss of lostIn(conversion)) cli.output.say(`${conversion.name}: ${loss}`);
  for (const { mode, whole, total } of all)
    await cli.output.text(`${mode}: ${whole} of ${total} without loss (${((100 * whole) / total).toFixed(1)} %)`);
  cli.output.say("Name those to add: auth provider add --from <file> <name>");
}

function lostIn({ lost }: Conversion): string[] {
  return lost.map((loss) => escapeText(inWords(loss)));
}

function inWords({ field, why }: Conversion["lost"][number]): string {
  return field === "" ? why : `${field} ${why}`;
}

/** No line of a comment may end before it is meant to. */
function escapeTextLines(lines: readonly string[]): string {
  return lines.map(escapeText).join("\n");
}

async function textOf(path: string): Promise<string> {
  const file = Bun.file(path);
  try {
    const { size } = await file.stat();
    if (size > LIMITS.packageBytes) throw usage(`${path} has ${size} bytes: a catalogue isn't as large as that.`);
    return await file.text();
  } catch (error) {
    if (error instanceof AuthError) throw error;
    throw usage(`${path} can't be read: ${errorCode(error) ?? "unknown error"}.`, "Name the catalogue's file.");
  }
}
