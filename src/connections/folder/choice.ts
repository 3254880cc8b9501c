/**
 * What a folder's `.auth.toml` says, once it is allowed (CLI.md §1, docs/folders.md). A name that it gives is as one on the
 * command line: the connection in the vault that is named in full, whatever the environment holds.
 */
import { AuthError } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";

export interface FolderChoice {
  /** As AUTH_PROFILE, for what the file doesn't name otherwise. */
  readonly profile: string | null;
  /** What no name means: one of `connections`, by its place there. */
  readonly default: number | null;
  readonly connections: readonly FolderConnection[];
  /** Variable → the connection whose token goes into it, as it is written on the command line. */
  readonly variables: Readonly<Record<string, string>>;
}

export interface FolderConnection {
  /** An id, no alias. */
  readonly provider: string;
  /** null: the provider alone. */
  readonly name: string | null;
}

/** A file that decides in the current folder. */
export interface DecidingFile extends FolderChoice {
  readonly file: string;
}

/** The name of the connection that a provider's name alone means here; null: as elsewhere. */
export function nameHere(choice: FolderChoice | null, provider: string): string | null {
  if (choice === null) return null;
  const [own, ...others] = choice.connections.filter((one) => one.provider === provider);
  return (others.length === 0 ? own?.name : null) ?? choice.profile;
}

/**
 * What no connection means here.
 *
 * @returns as it would be named; null: as elsewhere
 * @throws AuthError `ambiguous_connection` where the file names several, and no default
 */
export function meantHere(
  decidingFile: DecidingFile,
): { readonly argument?: string; readonly profile?: string } | null {
  const { connections, profile } = decidingFile;
  const chosen = defaultHere(decidingFile);
  if (chosen !== null) return { argument: written(chosen) };
  const [first] = connections;
  if (first === undefined) return profile === null ? null : { profile };
  throw new AuthError("ambiguous_connection", `Which connection? ${escapeText(decidingFile.file)} names several.`, {
    hint: `Name one of: ${connections.map(written).join(", ")}\nOr say in that file which one no name means: default = "${written(first)}"`,
  });
}

/** Its default, or the only connection that it names. */
export function defaultHere({ connections, default: at }: FolderChoice): FolderConnection | null {
  if (at !== null) return connections[at] ?? null;
  return connections.length === 1 ? (connections[0] ?? null) : null;
}

/** As it is written in the file, and on the command line. */
export function written({ provider, name }: FolderConnection): string {
  return name === null ? provider : `${provider}:${name}`;
}

/** Whether the file is where a connection's name comes from, for the error about one that isn't there. */
export function isNamedHere(choice: FolderChoice, connection: string): boolean {
  const [provider = ""] = connection.split(":", 1);
  const named = [`${provider}:${nameHere(choice, provider)}`, ...Object.values(choice.variables)];
  return named.some((one) => one.toLowerCase() === connection.toLowerCase());
}
