/** Lines of the audit log are read as what they are: text from a file that others may have written. */
import * as v from "valibot";
import type { AuditLine } from "./audit.ts";

const text = v.fallback(v.nullable(v.string()), null);

const Line = v.object({
  time: v.pipe(v.string(), v.isoTimestamp()),
  event: v.string(),
  status: v.picklist(["success", "failure"]),
  connection: text,
  provider: text,
  class: text,
  code: text,
  providerError: text,
  detail: v.exactOptional(v.fallback(v.string(), "")),
  message: text,
  pid: v.fallback(v.number(), 0),
  program: text,
  version: v.fallback(v.string(), ""),
});

/** null for a line that isn't one. Fields of a newer version are left out. */
export function parseAudit(line: string): AuditLine | null {
  try {
    const parsed = v.safeParse(Line, JSON.parse(line));
    return parsed.success ? parsed.output : null;
  } catch {
    // No JSON: counted by the caller.
    return null;
  }
}
