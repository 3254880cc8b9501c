/** Values of login's flags that `profile create` takes too. */
import { usage } from "../platform/errors.ts";
import { addressFault } from "../platform/url.ts";
import { FLOWS, type Flow } from "../providers/schema.ts";
import { oneOf } from "./suggest.ts";

export function flowOf(wanted: string | undefined): Flow | null {
  if (wanted === undefined) return null;
  return oneOf("flow", wanted === "interactive" ? "browser" : wanted, FLOWS);
}

/** A URL that a login may lead to. @throws AuthError `usage` */
export function address(value: string | undefined, flag: string): string | null {
  const url = nonEmpty(value, flag);
  const fault = url === null ? null : addressFault(url);
  if (fault !== null) throw usage(`${flag} ${fault}.`, "Give an https URL, or http on 127.0.0.1.");
  return url;
}

export function nonEmpty(value: string | undefined, flag: string): string | null {
  if (value === undefined) return null;
  if (value.trim() === "") throw usage(`${flag} can't be empty.`);
  return value.trim();
}
