/**
 * Programs that are told by a file which MCP servers there are: one small file for each, all of this shape, listed in
 * table.ts. Reading never changes them, and runs nothing that they name.
 */
import type { Surroundings } from "../../platform/places.ts";

export interface ConfiguringClient {
  /** What is typed: `auth setup mcp codex`. */
  readonly id: string;
  /** The program, in a sentence. */
  readonly title: string;
  /** It can ask a command for the headers of its requests. */
  readonly hasHeadersHelper?: true;
  /** Its own files, whether or not they are there. */
  places(where: Surroundings): readonly string[];
  /** Its file in a folder with a project: whoever wrote the project wrote it. */
  readonly inProject: readonly string[];
  /** Under which name its files list the servers. */
  readonly list: string;
  readonly format: "json" | "toml";
  /** The entry of a program that it starts says so: `"type": "stdio"`. */
  readonly namesType?: true;
  /** @throws Unreadable */
  read(text: string, where: Surroundings): readonly ConfiguredServer[];
}

/** A server, as a file tells of it. Of what is secret in the file, nothing is here. */
export interface ConfiguredServer {
  /** As its client calls it. */
  readonly name: string;
  /** null: it is a program that the client starts. */
  readonly url: string | null;
  /** Where `auth mcp` reaches it: the connection's name that is given there. */
  readonly profile?: string;
  /** Why the client needs no token of ours, or can't be helped to one: a clause. null: it may need one. */
  readonly apart: string | null;
}

/** The text isn't what its client reads. The message is a clause: `it is no JSON`. */
export class Unreadable extends Error {}
