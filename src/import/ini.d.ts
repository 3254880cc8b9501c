/** npm's parser of `.npmrc` has no types; this is what is used of it. */
declare module "ini" {
  /** Sections become objects. The last of several values counts. */
  export function parse(text: string): Readonly<Record<string, unknown>>;
}
