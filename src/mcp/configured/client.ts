/**
 * Programs whose configuration files list MCP servers: one small file for each, all of this shape, listed in table.ts.
 * Reading never changes them, and runs nothing that they name.
 */
import type { Surroundings } from "../../platform/places.ts";

export interface ConfiguringClient {
  /** What is typed: `auth setup mcp codex`. */
  readonly id: string;
  /** The program, in a sentence. */
  readonly title: string;
  /** It can ask a command for the headers of its requests. */
  readonly hasHeadersHelper?: true;
  /** Its own files, whether or not they exist. */
  places(where: Surroundings): readonly string[];
  /** Its files in a project, which the project's authors have written. */
  readonly inProject: readonly string[];
  /** The name of the list of servers in its files. */
  readonly list: string;
  readonly format: "json" | "toml";
  /** Entries of programs that it starts need `"type": "stdio"`. */
  readonly namesType?: true;
  /** @throws Unreadable */
  read(text: string, where: Surroundings): readonly ConfiguredServer[];
}

/** A server of a file, without the file's secrets. */
export interface ConfiguredServer {
  /** The client's name for it. */
  readonly name: string;
  /** null: it is a program that the client starts. */
  readonly url: string | null;
  /** The connection's name, where it is reached through `auth mcp`. */
  readonly profile?: string;
  /** Why the client needs no token of auth, or can't use one: a clause. null: it may need one. */
  readonly skipReason: string | null;
}

/** The text isn't what its client reads. The message is a clause: `it is no JSON`. */
export class Unreadable extends Error {}
