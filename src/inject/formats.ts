/**
 * How `export` writes variables, so that every value is read back unchanged. Names are already checked; a value holds no
 * NUL. Property tests read each format with the programs that it is for.
 */
import { usage } from "../platform/errors.ts";
import { quotedForShell } from "../platform/shell-word.ts";

export const EXPORT_FORMATS = ["shell", "fish", "powershell", "dotenv", "json", "github-actions"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

type Writer = (variables: readonly (readonly [name: string, value: string])[]) => string;

const WRITERS: Readonly<Record<Exclude<ExportFormat, "github-actions">, Writer>> = {
  // It means the same to fish.
  shell: lines((name, value) => `export ${name}=${quotedForShell(value)}`),
  fish: lines((name, value) => `set -gx ${name} '${value.replace(/[\\']/g, "\\$&")}'`),
  // The typographic quotes end a string too (PowerShell language specification, §2.3.5.2).
  powershell: lines((name, value) => `$env:${name} = '${value.replace(/['‘’‚‛]/g, "$&$&")}'`),
  dotenv: lines((name, value) => `${name}=${dotenvQuoted(name, value)}`),
  json: (variables) => `${JSON.stringify(Object.fromEntries(variables), null, 2)}\n`,
};

/**
 * @param variables names and values
 * @returns text that ends with a newline, or nothing
 * @throws AuthError `usage` when a value can't be written in this format
 */
export function formatVariables(
  format: Exclude<ExportFormat, "github-actions">,
  variables: Readonly<Record<string, string>>,
): string {
  return WRITERS[format](Object.entries(variables));
}

/**
 * For a job of GitHub Actions (docs.github.com/actions, "Workflow commands"): what goes to stdout, so that the runner
 * masks the secrets in its log, and what is appended to the file that GITHUB_ENV names.
 *
 * @param secrets values to mask; a host or a flag among the variables must stay readable
 */
export function forWorkflow(
  variables: Readonly<Record<string, string>>,
  secrets: readonly string[],
): { readonly masks: string; readonly file: string } {
  // The runner masks line by line.
  const masked = new Set(secrets.flatMap((secret) => secret.split(/\r?\n/)).filter((line) => line.trim() !== ""));
  const masks = [...masked].map((line) => `::add-mask::${line.replaceAll("%", "%25").replaceAll("\r", "%0D")}\n`);
  const file = Object.entries(variables).map(([name, value]) => {
    const delimiter = `end_${Bun.randomUUIDv7("base64url")}`;
    return `${name}<<${delimiter}\n${value}\n${delimiter}\n`;
  });
  return { masks: masks.join(""), file: file.join("") };
}

function lines(line: (name: string, value: string) => string): Writer {
  return (variables) => variables.map(([name, value]) => `${line(name, value)}\n`).join("");
}

/**
 * A line that bash, `node --env-file` and the dotenv packages read the same. None of them agrees on escapes, so the
 * value is written as it is, in the quotes that it doesn't hold.
 */
function dotenvQuoted(name: string, value: string): string {
  // dotenv takes a backslash before the closing quote for an escape, and turns every carriage return into a newline.
  if (/\r|\\$/.test(value)) throw unwritable(name);
  if (!value.includes("'")) return `'${value}'`;
  // A shell interprets these within double quotes.
  if (/["$`\\]/.test(value)) throw unwritable(name);
  return `"${value}"`;
}

function unwritable(name: string): Error {
  return usage(
    `${name} can't be written so that every reader of dotenv files reads it the same.`,
    "It holds quotes, a carriage return or a final backslash. Use --format shell or --format json.",
  );
}
