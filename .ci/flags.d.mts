/** The flags of `flags.mjs`, for TypeScript. */
export const FLAGS: readonly string[];
