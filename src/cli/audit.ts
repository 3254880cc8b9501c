/** The audit log: what happened to which connection, and at whose request. Lines of JSON, without a secret. */
import { version } from "../../package.json";
import { caller } from "../platform/caller.ts";
import type { AuditEvent } from "../platform/context.ts";
import { appendLine } from "../platform/journal.ts";

/** A line as `auth log --json` prints it (CLI.md §5). */
export interface AuditLine {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly event: string;
  readonly status: "success" | "failure";
  readonly connection: string | null;
  readonly provider: string | null;
  readonly class: string | null;
  readonly code: string | null;
  readonly providerError: string | null;
  readonly message: string | null;
  /** Of the program that called us. */
  readonly pid: number;
  readonly program: string | null;
  readonly version: string;
}

/**
 * Texts that may be a provider's are redacted here too, whoever forgot it before.
 * @returns null when it is written, else why it couldn't be
 */
export function writeAudit(path: string, event: AuditEvent, now: number): null | Promise<string | null> {
  const { connection = null } = event;
  const { pid, program } = caller();
  const line: AuditLine = {
    time: new Date(now).toISOString(),
    event: event.event,
    status: event.status,
    connection,
    provider: connection?.split(":", 1)[0] ?? null,
    class: event.class ?? null,
    code: event.code ?? null,
    providerError: event.providerError ?? null,
    message: event.message ?? null,
    pid,
    program,
    version,
  };
  return line.message === null && line.providerError === null
    ? appendLine(path, JSON.stringify(line))
    : appendRedacted(path, line);
}

/** Apart, since most lines have no such text, and `auth token` is not to load what redacts them. */
async function appendRedacted(path: string, line: AuditLine): Promise<string | null> {
  const { redactJson } = await import("../platform/redact.ts");
  return appendLine(path, JSON.stringify(redactJson(line)));
}
