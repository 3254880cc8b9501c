/** The function of `windows-resources.mjs`, for TypeScript. */
export function withResources(runtime: Uint8Array, version: string): Buffer;
