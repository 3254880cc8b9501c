/** `auth provider add --from <providers.yaml> [name…]`: entries of a catalogue that the user brings, as manifests. */
import { basename } from "node:path";
import { AuthError, usage } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import { LIMITS } from "../../platform/limits.ts";
import { commandLine } from "../../platform/shell-word.ts";
import { type Conversion, convertCatalogue, figures, wantedFrom } from "../../providers/convert/convert.ts";
import { isProviderId, plainName } from "../../providers/names.ts";
import { pluginFile, readFault } from "../../providers/plugins/file.ts";
import { writeManifest } from "../../providers/plugins/manifest.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";
import type { Cli } from "../context.ts";
import type { Session } from "../session.ts";
import { type Added, type AddOptions, addPlugin, clashOf } from "./add.ts";

export async function addFrom(
  cli: Cli,
  session: Session,
  path: string,
  names: readonly string[],
  options: AddOptions,
): Promise<void> {
  const text = await textOf(path);
  if (names.length === 0) return showFigures(cli, convertCatalogue(text, "all"), await session.registry.everyId());
  const every = await session.registry.everyId();
  const added: Added[] = [];
  const left: Left[] = [];
  for (const conversion of convertCatalogue(text, names.map(wantedFrom), options.replace ? [] : every)) {
    const { name, definition } = conversion;
    if (definition === null) {
      left.push(await whyLeft(session, text, path, conversion, every));
      continue;
    }
    for (const loss of lostIn(conversion)) cli.output.warn(`${name}: ${loss}`);
    try {
      added.push(await addConverted(cli, session, path, conversion, definition, options));
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      if (error.code !== "plugin_invalid") throw error.restated({ hint: endOf(added, left, error.hint) });
      left.push({ name, why: `${error.message} ${error.hint ?? ""}`.trim() });
    }
  }
  if (left.length > 0)
    throw new AuthError(
      "plugin_invalid",
      `${names.length === 1 ? names[0] : `${left.length} of ${names.length} entries`} can't be added.`,
      { hint: endOf(added, left) },
    );
  if (cli.output.isJson) await cli.output.json(added);
}

/** An entry that wasn't added. */
interface Left {
  readonly name: string;
  /** With what to do, if there is something. */
  readonly why: string;
}

function endOf(added: readonly Added[], left: readonly Left[], hint?: string): string {
  const was = added.length === 0 ? "Nothing was added." : `Added: ${added.map(({ provider }) => provider).join(", ")}.`;
  return [...(hint === undefined ? [] : [hint]), ...left.map(({ name, why }) => `${name}: ${why}`), was].join("\n");
}

async function addConverted(
  cli: Cli,
  session: Session,
  path: string,
  { name, lost }: Conversion,
  definition: ProviderDefinition,
  options: AddOptions,
): Promise<Added> {
  const { id } = definition;
  const head = [`From the entry '${name}' of ${basename(path)}.`, ...lost.map((loss) => `Not said: ${inWords(loss)}`)];
  const manifest = await writeManifest(definition, escapeTextLines(head));
  const file = pluginFile(`${id}.toml`, new TextEncoder().encode(manifest));
  return addPlugin(cli, session, { file, id, origin: "file" }, options);
}

/** Why an entry has no description, and the commands that help: another id may do. */
async function whyLeft(
  session: Session,
  text: string,
  path: string,
  conversion: Conversion,
  every: readonly string[],
): Promise<Left> {
  const { name, taken } = conversion;
  const reason = taken === undefined ? lostIn(conversion).join("; ") : `there is a provider ${taken} already`;
  const add = (entry: string, ...more: string[]): string =>
    commandLine(["auth", "provider", "add", "--from", path, entry, ...more]);
  const inItsPlace = taken === undefined ? [] : [`In its place: ${add(name, "--replace")}`];
  const other = freeId(taken ?? plainName(name), every);
  const [again] = isProviderId(other) ? convertCatalogue(text, [{ name, id: other }]) : [];
  const clash = again?.definition ? await clashOf(session, again.definition, null, true) : null;
  const beside = !again?.definition
    ? []
    : clash === null
      ? [`Under another id: ${add(`${name}=${other}`)}`]
      : [`Under another id it would have ${clash}`];
  return { name, why: [reason, ...beside, ...inItsPlace].join("\n  ") };
}

function freeId(taken: string, every: readonly string[]): string {
  for (let count = 2; ; count++) {
    const id = `${taken.slice(0, 32 - `-${count}`.length)}-${count}`;
    if (!every.includes(id)) return id;
  }
}

/** Without names: lists which entries of the catalogue could be added, and why others couldn't. Adds nothing. */
async function showFigures(cli: Cli, conversions: readonly Conversion[], every: readonly string[]): Promise<void> {
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
  const known = (wanted: string): number =>
    conversions.filter(
      ({ mode, lost, definition }) =>
        mode === wanted && lost.length === 0 && definition && every.includes(definition.id),
    ).length;
  for (const { mode, whole, assuming, byName, total } of all) {
    const notes = [
      ...(assuming > 0 ? [`${assuming} of these with something assumed, which each says`] : []),
      ...(known(mode) > 0 ? [`${known(mode)} of these are called as a provider that is here already`] : []),
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

/** Escapes each line, so that no line of a comment ends early. */
function escapeTextLines(lines: readonly string[]): string {
  return lines.map(escapeText).join("\n");
}

async function textOf(path: string): Promise<string> {
  const file = Bun.file(path);
  try {
    const { size } = await file.stat();
    if (size > LIMITS.packageBytes) throw usage(`${path} has ${size} bytes: a catalogue isn't as large as that.`);
    // A device has size 0.
    const text = await new Response(file.slice(0, LIMITS.packageBytes)).text();
    if (size === 0 && text !== "") throw usage(`${path} is no file.`, "Name the catalogue's file.");
    return text;
  } catch (error) {
    if (error instanceof AuthError) throw error;
    throw usage(`${path} can't be read: ${readFault(error)}.`, "Name the catalogue's file.");
  }
}
