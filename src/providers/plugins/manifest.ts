/** Parses a manifest's text (TOML or JSON, by the file's name) to an unchecked value, and writes one. */
import { AuthError } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import { asObject } from "../../platform/json.ts";

/** What a manifest may have at most. */
const MANIFEST_BYTES = 1024 * 1024;

/** Characters of a line that is shown or written. */
const LONGEST_LINE = 100;

/** No description is nested this deep. */
const DEEPEST = 32;

/**
 * @param file its name, for the format and for messages
 * @returns without `$schema`, by which editors know its fields
 * @throws AuthError `plugin_invalid` with file, line and column
 */
export async function readManifest(text: string, file: string): Promise<unknown> {
  if (text.length > MANIFEST_BYTES) throw invalid(file, "is larger than 1 MiB.");
  const plain = text.replace(/^\ufeff/, "");
  const value = file.toLowerCase().endsWith(".json") ? await readJson(plain, file) : await readToml(plain, file);
  const { $schema, ...description } = asObject(value) ?? {};
  return typeof $schema === "string" ? description : value;
}

/**
 * A description as a TOML file, its fields in their order.
 * @param head a comment for the head of the file, of one or more lines
 */
export async function writeManifest(definition: object, head: string): Promise<string> {
  const { parse, stringify } = await import("smol-toml");
  const comment = head.split(/\r?\n/).map((line) => `# ${line.replace(/\p{Cc}/gu, " ")}`.trimEnd());
  const lines = stringify(definition).split("\n");
  return [...comment, "", ...lines.map(brokenUp)].join("\n");

  /** A list of texts with one on each line, where it is long. */
  function brokenUp(line: string): string {
    if (line.length <= LONGEST_LINE || line.startsWith("[")) return line;
    const [field] = Object.entries(parse(line));
    if (field === undefined || !isTexts(field[1])) return line;
    const start = stringify({ [field[0]]: [] }).slice(0, -2);
    return `${start}\n${field[1].map((item) => `  ${stringify({ item }).slice("item = ".length, -1)},\n`).join("")}]`;
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

async function readJson(text: string, file: string): Promise<unknown> {
  const { JsonFault, parseJson } = await import("./json.ts");
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    const before = text.slice(0, error.offset).split(/\r?\n/);
    throw misplaced(text, file, before.length, (before.at(-1) ?? "").length + 1, error.message);
  }
}

async function readToml(text: string, file: string): Promise<unknown> {
  const { parse, TomlDate, TomlError } = await import("smol-toml");
  let value: Record<string, unknown>;
  try {
    value = parse(text, { unsafeKeyBehaviour: "throw", maxDepth: DEEPEST });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [problem = ""] = error.message.replace(/^Invalid TOML document: /, "").split("\n", 1);
    throw misplaced(text, file, error.line, error.column, problem);
  }
  return plainValue(value, file, TomlDate, []);
}

/** Plain objects and lists, as from JSON. The parser doesn't limit dotted keys, so their depth is limited here. */
function plainValue(
  value: unknown,
  file: string,
  date: new (...given: never[]) => Date,
  keys: readonly string[],
): unknown {
  if (typeof value !== "object" || value === null) return value;
  // A date would look like an empty group.
  if (value instanceof date) throw invalid(file, `${keys.join(".")} is a date.`, 'Put it in quotes: "1979-05-27".');
  if (keys.length > DEEPEST)
    throw invalid(file, `${keys.slice(0, 4).join(".")}… is nested too deeply: more than ${DEEPEST} groups.`);
  if (Array.isArray(value)) return value.map((item, i) => plainValue(item, file, date, [...keys, String(i)]));
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, plainValue(part, file, date, [...keys, key])]),
  );
}

/** The line is shown with a mark below the place, shortened where it is long. */
function misplaced(text: string, file: string, line: number, column: number, problem: string): AuthError {
  const whole = text.split(/\r?\n/)[line - 1] ?? "";
  const start = Math.max(0, column - 1 - LONGEST_LINE / 2);
  const before = escapeText(whole.slice(start, column - 1));
  const after = escapeText(whole.slice(column - 1, start + LONGEST_LINE));
  const shown = `${before}${after}`.trim() === "" ? undefined : `${before}${after}\n${" ".repeat(before.length)}^`;
  return invalid(file, `line ${line}, column ${column}: ${problem}.`, shown);
}

function invalid(
  file: string,
  problem: string,
  hint = "Correct the file: nothing of it is used until it is whole.",
): AuthError {
  return new AuthError("plugin_invalid", `${file}: ${problem}`, { hint });
}
