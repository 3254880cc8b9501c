/** How `export` writes variables, so that any value survives quoting. Names are checked before they get here. */
export const EXPORT_FORMATS = ["shell", "dotenv", "json"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

const WRITERS: Readonly<Record<ExportFormat, (variables: readonly (readonly [string, string])[]) => string>> = {
  /** POSIX sh: single quotes; a quote in the value ends, escapes and reopens them. */
  shell: (variables) => lines(variables, (name, value) => `export ${name}='${value.replaceAll("'", "'\\''")}'`),
  /** Single quotes are literal in every dotenv dialect; a value that has one or a newline goes in double quotes. */
  dotenv: (variables) => lines(variables, (name, value) => `${name}=${dotenvQuoted(value)}`),
  json: (variables) => `${JSON.stringify(Object.fromEntries(variables), null, 2)}\n`,
};

export function formatVariables(format: ExportFormat, variables: Readonly<Record<string, string>>): string {
  return WRITERS[format](Object.entries(variables));
}

function lines(
  variables: readonly (readonly [string, string])[],
  line: (name: string, value: string) => string,
): string {
  return variables.map(([name, value]) => `${line(name, value)}\n`).join("");
}

function dotenvQuoted(value: string): string {
  if (!/['\n\r]/.test(value)) return `'${value}'`;
  // The backtick too: such files are sourced by shells.
  const escaped = value.replace(/[\\"$`]/g, "\\$&");
  return `"${escaped.replaceAll("\n", "\\n").replaceAll("\r", "\\r")}"`;
}
