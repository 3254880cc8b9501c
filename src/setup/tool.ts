/**
 * A tool that `auth setup` sets up: where its configuration is, and what is added to it. Each has a small file in tools/ and
 * an entry in table.ts; engine.ts changes the files and restores them.
 */
import type { Surroundings } from "../platform/places.ts";
import type { Wanted } from "./engine.ts";
import type { Ending } from "./service.ts";

export interface Tool {
  /** @throws AuthError `usage` where something has to be named */
  plan(call: SetupCall): Promise<Planned>;
  /** What has to be stopped before a file that it wrote is removed; null: nothing. */
  endingOf?(where: Surroundings, path: string): Ending | null;
}

export interface Planned {
  readonly wanted: readonly Wanted[];
  /** What else a person should know or do, a sentence each. */
  readonly notes?: readonly string[];
}

export interface SetupCall extends Surroundings {
  /** The connection, as it was typed; null: none is named. */
  readonly connection: string | null;
  /** The arguments after the tool, where they aren't a connection. */
  readonly words: readonly string[];
  /** `--name`: what it is called in the tool's configuration. */
  readonly name: string | null;
  /** `-p`, where the tool isn't given a connection. */
  readonly profile: string | null;
  /** Whether there is a login for an API's URL, under `profile`. */
  hasLogin(url: string): Promise<boolean>;
  /** `--context`: a kubeconfig's. */
  readonly context: string | null;
  /** `--audience`: the identity provider that exchanges the token. */
  readonly audience: string | null;
  /** Arguments for each call of the helper: what comes after `--`. */
  readonly rest: readonly string[];
  readonly replace: boolean;
  readonly system: boolean;
  /** The path of `auth`, as it is found on PATH, links and all. */
  readonly auth: string;
  /** The user's folder on PATH for links and scripts. */
  readonly bin: string;
  /** The folder for files that auth makes. */
  readonly files: string;
  /** The origins given by `--host`, else those of the connection, else those of every connection. */
  origins(): Promise<readonly string[]>;
  /** The text of a file without what this tool's setup has added; null: there is no file. */
  textOf(path: string): Promise<string | null>;
}
