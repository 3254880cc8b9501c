/** Changes of a text that can be taken back exactly. */

/** At this place `removed` stood, and `inserted` takes its place. Several follow each other: each counts in the text that the one before made. */
export interface Edit {
  readonly at: number;
  readonly removed: string;
  readonly inserted: string;
}

export function applied(text: string, edits: readonly Edit[]): string {
  return edits.reduce(
    (result, { at, removed, inserted }) => result.slice(0, at) + inserted + result.slice(at + removed.length),
    text,
  );
}

/** The text as it was before. */
export function takenBack(text: string, edits: readonly Edit[]): string {
  const inverse = edits.map(({ at, removed, inserted }) => ({ at, removed: inserted, inserted: removed }));
  return applied(text, inverse.reverse());
}
