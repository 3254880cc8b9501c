/** The audit log: what happened to which connection, and at whose request. Lines of JSON, without a secret. */
import { version } from "../../package.json";
import type { AuditEvent } from "../platform/audit-event.ts";
import { appendLine } from "../platform/journal.ts";
import { readProc } from "../platform/small-file.ts";
import type { AuditLine } from "./audit-line.ts";

/**
 * A provider's words in it are redacted before they come here; names, codes and commands are our own, and stay.
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

/** Apart, since most lines have no such text, and `auth token` is not to load what searches them. */
async function appendMasked(path: string, line: AuditLine): Promise<string | null> {
  const { maskHeld } = await import("../platform/redact.ts");
  return appendLine(path, maskHeld(JSON.stringify(line)));
}

interface Caller {
  readonly pid: number;
  /** Its short name; null where the system doesn't tell. */
  readonly program: string | null;
}

/** Found out once: a process that outlives its caller was called by it all the same. */
let caller: Promise<Caller> | undefined;

async function findCaller(): Promise<Caller> {
  const pid = process.ppid;
  const name = process.platform === "linux" ? await readProc(`/proc/${pid}/comm`) : null;
  return { pid, program: name?.trim() || null };
}
