/** A line of the audit log. It is validated: others may have written to the file. */
import * as v from "valibot";
import { parseJson } from "../platform/json.ts";

const text = v.fallback(v.nullable(v.string()), null);

/** As `auth log --json` prints it (CLI.md §5). */
export type AuditLine = Readonly<v.InferOutput<typeof Line>>;

const Line = v.object({
  time: v.pipe(v.string(), v.isoTimestamp()),
  event: v.string(),
  status: v.picklist(["success", "failure"]),
  connection: text,
  provider: text,
  class: text,
  code: text,
  providerError: text,
  /** The provider's message, if any. */
  detail: v.exactOptional(v.fallback(v.string(), "")),
  message: text,
  /** Of the caller, as is the program. */
  pid: v.fallback(v.number(), 0),
  program: text,
  version: v.fallback(v.string(), ""),
});

/** null for a line that isn't one. Fields of a newer version are left out. */
export function parseAudit(line: string): AuditLine | null {
  const { success, output } = v.safeParse(Line, parseJson(line));
  return success ? output : null;
}
