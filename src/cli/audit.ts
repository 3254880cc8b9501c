/** The audit log: what happened to which connection, and at whose request. Lines of JSON, without a secret. */
import { version } from "../../package.json";
import type { AuditEvent } from "../platform/audit-event.ts";
import { appendLine } from "../platform/journal.ts";
import { readProc } from "../platform/small-file.ts";
import type { AuditLine } from "./audit-line.ts";

/**
 * A provider's message is already redacted; names, codes and commands are auth's own.
 * @returns null when it is written, else why it couldn't be
 */
export async function writeAudit(path: string, event: AuditEvent, now: number): Promise<string | null> {
  const { connection = null } = event;
  caller ??= findCaller();
  const { pid, program } = await caller;
  const line: AuditLine = {
    time: new Date(now).toISOString(),
    event: event.event,
    status: event.status,
    connection,
    provider: connection?.split(":", 1)[0] ?? null,
    class: event.class ?? null,
    code: event.code ?? null,
    providerError: event.providerError ?? null,
    ...(event.detail && { detail: event.detail }),
    message: event.message ?? null,
    pid,
    program,
    version,
  };
  return line.message === null && line.providerError === null
    ? appendLine(path, JSON.stringify(line))
    : appendMasked(path, line);
}

/** Separate, so that `auth token` doesn't load the search: most lines have no such text. */
async function appendMasked(path: string, line: AuditLine): Promise<string | null> {
  const { maskHeld } = await import("../platform/redact.ts");
  return appendLine(path, maskHeld(JSON.stringify(line)));
}

interface Caller {
  readonly pid: number;
  /** Its short name; null where the system doesn't tell. */
  readonly program: string | null;
}

/** Determined once: a process may outlive its caller. */
let caller: Promise<Caller> | undefined;

async function findCaller(): Promise<Caller> {
  const pid = process.ppid;
  const name = process.platform === "linux" ? await readProc(`/proc/${pid}/comm`) : null;
  return { pid, program: name?.trim() || null };
}
