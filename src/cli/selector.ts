/** The arguments by which commands name a connection, and the forms of flags that several of them share. */
import { usage } from "../platform/errors.ts";
import type { Args } from "./command.ts";

export const CONNECTION = {
  connection: {
    type: "positional",
    required: false,
    description: "<provider>, <provider>:<name> or https://issuer; without it, the default",
  },
  profile: {
    type: "string",
    alias: "p",
    valueHint: "name",
    description: "The connection of that name (or: AUTH_PROFILE)",
  },
} as const satisfies Args;

/** The same, for commands that mean something else where no connection is named. @param without what that is */
export function connectionArgs(without: string): typeof CONNECTION {
  const description =
    `<provider>, <provider>:<name> or https://issuer; without it, ${without}` as typeof CONNECTION.connection.description;
  return { ...CONNECTION, connection: { ...CONNECTION.connection, description } };
}

export const STORED = {
  stored: { type: "boolean", description: "Take the login in the vault, whatever the environment holds" },
} as const satisfies Args;

export const SCOPE = {
  scope: {
    type: "string",
    alias: "s",
    valueHint: "scope",
    repeatable: true,
    description: "A scope, or several with commas or spaces between; may be repeated",
  },
} as const satisfies Args;

/** `--resource`: an absolute URI without a fragment (RFC 8707 §2). */
export function resourceOf(value: string | undefined): string | null {
  if (value === undefined) return null;
  const resource = value.trim();
  if (URL.canParse(resource) && !resource.includes("#")) return resource;
  throw usage("--resource takes a whole URI without a fragment.", "For example: --resource https://api.example");
}
