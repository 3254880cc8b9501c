/** Rows as aligned text. Columns that are empty in every row but the first (the heading) are left out. */
import { escapeText } from "../platform/escape.ts";

export function columns(rows: readonly (readonly string[])[]): string[] {
  const safe = rows.map((row) => row.map(escapeText));
  const width = safe[0]?.length ?? 0;
  const kept = Array.from({ length: width }, (_, i) => i).filter((i) => safe.slice(1).some((row) => row[i] !== ""));
  const widths = kept.map((i) => Math.max(...safe.map((row) => row[i]?.length ?? 0)));
  return safe.map((row) =>
    kept
      .map((i, at) => (row[i] ?? "").padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
