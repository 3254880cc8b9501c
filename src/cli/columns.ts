/** Tables and lists of facts, as commands print them. */
import { escapeText } from "../platform/escape.ts";
import { tableWidth } from "../platform/terminal.ts";
import type { Output } from "./output.ts";

/** A table on stdout that fits the terminal. */
export async function printTable(
  output: Output,
  heading: readonly string[],
  rows: readonly (readonly string[])[],
): Promise<void> {
  await output.lines(columns([heading, ...rows], tableWidth()));
}

/** `  name: value`, a line for each fact that is known. */
export function factLines(facts: readonly (readonly [name: string, value: string | null])[]): string[] {
  return facts.flatMap(([name, value]) => (value === null ? [] : [`  ${name}: ${escapeText(value)}`]));
}

/**
 * The lines of a table. Columns that are empty in every row but the heading are left out.
 *
 * @param rows the first is the heading
 * @param width of the terminal: a table that doesn't fit becomes one block a row
 */
export function columns(rows: readonly (readonly string[])[], width = Number.POSITIVE_INFINITY): string[] {
  const safe = rows.map((row) => row.map(escapeText));
  const count = safe[0]?.length ?? 0;
  const kept = Array.from({ length: count }, (_, i) => i).filter((i) => safe.slice(1).some((row) => row[i] !== ""));
  const widths = kept.map((i) => Math.max(...safe.map((row) => row[i]?.length ?? 0)));
  const lines = safe.map((row) =>
    kept
      .map((i, at) => (row[i] ?? "").padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return lines.every((line) => line.length <= width) ? lines : blocks(safe, kept);
}

/** `CONNECTION  github:work`, a line for each cell that isn't empty; an empty line between rows. */
function blocks([heading = [], ...rows]: readonly (readonly string[])[], kept: readonly number[]): string[] {
  const label = Math.max(...kept.map((i) => heading[i]?.length ?? 0));
  return rows.flatMap((row, at) => [
    ...(at === 0 ? [] : [""]),
    ...kept.filter((i) => row[i] !== "").map((i) => `${(heading[i] ?? "").padEnd(label)}  ${row[i]}`),
  ]);
}
