/** npm's reader of its own files has no types; this is the little that is used of it. */
declare module "ini" {
  /** Sections are objects; of what is set twice, the last. */
  export function parse(text: string): Readonly<Record<string, unknown>>;
}
