/** The flags of `flags.mjs`, for TypeScript. */
export const FLAGS: readonly string[];
export const ENTRIES: readonly string[];
