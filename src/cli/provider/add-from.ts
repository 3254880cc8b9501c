/** `auth provider add --from <providers.yaml> [name…]`: entries of a catalogue that the user brings, as manifests. */
import { basename } from "node:path";
import { AuthError, errorCode, usage } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import { LIMITS } from "../../platform/limits.ts";
import { shellWord } from "../../platform/shell-word.ts";
import { type Conversion, convertCatalogue, figures, wantedFrom } from "../../providers/convert/convert.ts";
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
  const takenIds: Conversion[] = [];
  for (const conversion of convertCatalogue(text, names.map(wantedFrom), taken)) {
    const { name, definition, lost } = conversion;
    for (const loss of lostIn(conversion)) cli.output.warn(`${name}: ${loss}`);
    if (definition === null) {
      if (conversion.taken === undefined) refused.push(name);
      else takenIds.push(conversion);
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
  const isWhole = refused.length === 0 && takenIds.length === 0;
  if (cli.output.isJson && isWhole) await cli.output.json(added);
  if (isWhole) return;
  const whatWas =
    added.length === 0 ? "Nothing was added." : `Added: ${added.map(({ provider }) => provider).join(", ")}.`;
  if (refused.length > 0)
    throw new AuthError("plugin_invalid", `${refused.join(", ")} can't be described.`, { hint: whatWas });
  const [first] = takenIds;
  const ids = takenIds.map(({ taken: id }) => id).join(", ");
  throw new AuthError(
    "plugin_invalid",
    takenIds.length === 1 ? `There is a provider ${ids} already.` : `There are providers ${ids} already.`,
    {
      hint: `To put an entry in the place of one: --replace. To have both, give it another id: auth provider add --from ${shellWord(path)} ${shellWord(`${first?.name}=${first?.taken}-2`)}\n${whatWas}`,
    },
  );
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
  for (const { mode, whole, assuming, byName, total } of all) {
    const notes = [
      ...(assuming > 0 ? [`${assuming} of these with something assumed, which each says`] : []),
      ...(byName > 0 ? [`${byName} more are handled by code of the catalogue's own`] : []),
    ];
    const share = `${mode}: ${whole} of ${total} without loss (${((100 * whole) / total).toFixed(1)} %)`;
    await cli.output.text([share, ...notes].join("; "));
  }
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
