/**
 * A tool that `auth setup` sets up: where its configuration is, and what it gets. One small file for each, listed in
 * table.ts; how files are changed and put back is the engine's.
 */
import type { Surroundings } from "../platform/places.ts";
import type { Wanted } from "./engine.ts";
import type { Ending } from "./service.ts";

export interface Tool {
  /** @throws AuthError `usage` where something has to be named */
  plan(call: SetupCall): Promise<Planned>;
  /** What has to end before a file that it wrote goes; null: nothing. */
  endingOf?(where: Surroundings, path: string): Ending | null;
}

export interface Planned {
  readonly wanted: readonly Wanted[];
  /** What a person should know or do besides, a sentence each. */
  readonly notes?: readonly string[];
}

export interface SetupCall extends Surroundings {
  /** The connection that is named, as it was typed; null: none is. */
  readonly connection: string | null;
  /** What comes after the tool, where that is no connection. */
  readonly words: readonly string[];
  /** `--name`: what it is called in the tool's configuration. */
  readonly name: string | null;
  /** `-p`, where the tool isn't given a connection. */
  readonly profile: string | null;
  /** Whether there is a login at an API's URL, under that name. */
  hasLogin(url: string): Promise<boolean>;
  /** `--context`: a kubeconfig's. */
  readonly context: string | null;
  /** `--audience`: what exchanges the token. */
  readonly audience: string | null;
  /** What goes into each call of the helper, after `--`. */
  readonly rest: readonly string[];
  readonly replace: boolean;
  readonly system: boolean;
  /** The path of `auth`, as it is found on PATH, links and all. */
  readonly auth: string;
  /** The user's folder on PATH for links and scripts. */
  readonly bin: string;
  /** Where files of ours are put. */
  readonly files: string;
  /** The origins that are meant: by `--host`, else those of the connection, else those of every connection. */
  origins(): Promise<readonly string[]>;
  /** What a person wrote into a file, without what this tool's setup has added; null: there is no file. */
  textOf(path: string): Promise<string | null>;
}
