import type { AuditEvent } from "./audit-event.ts";
import type { Http } from "./http.ts";
import type { Paths } from "./paths.ts";

/** The environment as the process got it, frozen before anything of ours changes it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Effects come in through this, so that every rule can be tested without a clock, a network or a home. */
export interface Context {
  readonly env: Environment;
  readonly paths: Paths;
  readonly http: Http;
  /** Milliseconds since the epoch, UTC. */
  now(): number;
  /** Milliseconds. Ends early, without an error, when the signal is given. Absent: a plain sleep. */
  readonly sleep?: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  /** A line for `-v`. Callers never pass a secret; the sink redacts by value all the same. */
  debug(message: string): void;
  /** Writes down what happened (CLI.md §5 `log`). Never rejects: a log that can't be written stops no command. */
  audit(event: AuditEvent): Promise<void>;
  /** A warning for the person at stderr (shown even with `-q`). */
  warn(message: string): void;
}
