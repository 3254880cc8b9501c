import type { AuditEvent } from "./audit-event.ts";
import type { Http } from "./http.ts";
import type { Paths } from "./paths.ts";

/** The environment as the process got it, frozen before anything of ours changes it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What only a person can mend. Nothing secret. */
export interface PersonNeed {
  readonly event: "login_needed";
  /** `github:work` */
  readonly connection: string;
  /** An `ErrorCode`. */
  readonly code: string;
  /** A sentence for a person. */
  readonly message: string;
  /** What to run, as a command line: `auth login github:work`. */
  readonly command: string;
}

/** The address of a vault, and who gave it: a variable, a command's argument or flag, or the file that `auth vault use` wrote. */
export interface GivenStore {
  /** It may have a password in it. */
  readonly text: string;
  readonly givenBy: "AUTH_STORE" | "argument" | "--to" | "use";
}

/** Effects come in through this, so that every rule can be tested without a clock, a network or a home. */
export interface Context {
  readonly env: Environment;
  readonly paths: Paths;
  /** The vault, where a command names one; absent: AUTH_STORE, or what `auth vault use` keeps, or the home's own. */
  readonly store?: GivenStore;
  readonly http: Http;
  /** Milliseconds since the epoch, UTC. */
  now(): number;
  /** Milliseconds. Ends early, without an error, when the signal is given. Absent: a plain sleep. */
  readonly sleep?: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  /** A line for `-v`. Callers never pass a secret; the sink redacts by value all the same. */
  debug(message: string): void;
  /** Writes down what happened (CLI.md §5 `log`). Never rejects: a log that can't be written stops no command. */
  audit(event: AuditEvent): Promise<void>;
  /** Tells a person who may be elsewhere (AUTH_NOTIFY_COMMAND). Absent: no one is to be told so. @returns whether someone is */
  readonly notify?: (need: PersonNeed) => Promise<boolean>;
  /** A warning for the person at stderr (shown even with `-q`). */
  warn(message: string): void;
}
