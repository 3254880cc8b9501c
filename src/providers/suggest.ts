/** "Did you mean": the known word that is most similar to a typed one. */

/** @returns null where more than a third of the letters differ. */
export function suggestion(typed: string, known: readonly string[]): string | null {
  if (typed.length > 64) return null;
  const word = typed.toLowerCase();
  let best: string | null = null;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const edits = distance(word, candidate.toLowerCase());
    if (edits < least) [best, least] = [candidate, edits];
  }
  return best;
}

/** `Did you mean 'x'?`; undefined where no known word is similar. */
export function suggestionHint(typed: string, known: readonly string[]): string | undefined {
  const near = suggestion(typed, known);
  return near === null ? undefined : `Did you mean '${near}'?`;
}

/** Edits that turn `a` into `b`: letters added, dropped, changed, or two neighbours swapped. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let edits = Math.min(changed, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        edits = Math.min(edits, (beforeLast[j - 2] ?? 0) + 1);
      row.push(edits);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
