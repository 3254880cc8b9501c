/** The functions of `ready.mjs`, for TypeScript. */
export const root: string;
export function ready(): string;
export function run(command: string, ...args: string[]): void;
export function output(command: string, ...args: string[]): string;
export function npm(...args: string[]): [command: string, ...args: string[]];
