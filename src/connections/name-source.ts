/** Where a connection's name came from that wasn't typed: for the error about one that isn't there. */
import type { Environment } from "../platform/context.ts";
import { AuthError } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import { type DecidingFile, isNamedHere } from "./folder/choice.ts";

/** A sentence after a space: AUTH_PROFILE, or the folder's file as its `profile`. Empty: it was typed. */
export function nameSource(env: Environment, name: string | undefined, decidingFile: DecidingFile | null): string {
  if (name !== undefined && env.AUTH_PROFILE?.trim() === name) return " AUTH_PROFILE is set to it.";
  return decidingFile !== null && decidingFile.profile === name ? fromFile(decidingFile) : "";
}

/** The error of a command with that sentence. @param here what the folder's file said, where it was asked */
export function namingSource(env: Environment, error: unknown, decidingFile: DecidingFile | null): unknown {
  if (!(error instanceof AuthError) || error.code !== "connection_not_found" || !error.connection) return error;
  const ofFile = decidingFile !== null && isNamedHere(decidingFile, error.connection) ? fromFile(decidingFile) : "";
  const source = nameSource(env, error.connection.split(":")[1], null) || ofFile;
  return source === "" ? error : error.restated({ message: `${error.message}${source}` });
}

function fromFile({ file }: DecidingFile): string {
  return ` ${escapeText(file)} names it.`;
}
