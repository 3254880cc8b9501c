/** The name of a connection: `provider:name`, compared case-folded, shown as it was first typed. */
import { AuthError, type ErrorCode, type ErrorDetails, usage } from "../platform/errors.ts";
import { isProviderId, plainName } from "../providers/names.ts";

export interface ConnectionRef {
  readonly provider: string;
  readonly name: string;
}

export const DEFAULT_NAME = "default";

const NAME = /^[A-Za-z0-9][A-Za-z0-9._@+/-]{0,127}$/;

/** `github` → name null; `github:work`; `GitHub`. @throws AuthError `usage` */
export function parseSelector(text: string): { provider: string; name: string | null } {
  const colon = text.indexOf(":");
  const provider = plainName(colon < 0 ? text : text.slice(0, colon));
  const name = colon < 0 ? null : text.slice(colon + 1);
  if (!isProviderId(provider)) throw usage(`'${shorten(text)}' is not a connection.`, FORM);
  if (name !== null) checkName(name);
  return { provider, name };
}

/** An issuer's URL in the place of a connection. */
export function isAddress(text: string): boolean {
  const start = text.slice(0, "https://".length).toLowerCase();
  return start.startsWith("https://") || start.startsWith("http://");
}

/** The same with `-p name` beside it. @throws AuthError `usage` also where the two name different connections */
export function parseNamed(text: string, profile: string | undefined): { provider: string; name: string | null } {
  const parsed = parseSelector(text);
  if (profile === undefined) return parsed;
  if (parsed.name !== null && !sameName(parsed.name, profile))
    throw usage(`'${shorten(text)}' and --profile ${shorten(profile)} name two connections.`, "Give one of them.");
  return { provider: parsed.provider, name: parsed.name ?? checkName(profile) };
}

/** @throws AuthError `usage` */
export function checkName(name: string): string {
  if (isName(name)) return name;
  throw usage(nameFault(name), FORM);
}

export function isName(text: string): boolean {
  return NAME.test(text);
}

export function nameFault(name: string): string {
  return `'${shorten(name)}' is not a connection name.`;
}

const FORM =
  "A connection is <provider>, <provider>:<name> or its issuer's URL; a name has letters, digits and . _ @ + / -, at most 128.";

/** The form that is shown, and (folded) the name of its record in the vault. */
export function display(ref: ConnectionRef): string {
  return `${ref.provider}:${ref.name}`;
}

export function vaultName(ref: ConnectionRef): string {
  return display(ref).toLowerCase();
}

export function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** In `nameInFull`: every provider. */
export const EVERY = "*";

/**
 * The providers whose connections `typed` names in full. It is the process's own, since most of the places that make a
 * message have no context; names are only added to it, for one process runs one command.
 */
const namedInFull = new Set<string>();

/**
 * From here on, `typed` gives `github:default` and not `github`, in every message of this process. For a provider whose name
 * alone means another connection (`auth use`), and for EVERY where any name may: a folder's file decides, AUTH_PROFILE is
 * set, or the person has named a connection in full.
 */
export function nameInFull(provider: string): void {
  namedInFull.add(provider);
}

/** What a person types for it: `github` for `github:default`, unless `nameInFull` was told otherwise. */
export function typed(ref: ConnectionRef): string {
  const isMeant = !namedInFull.has(ref.provider) && !namedInFull.has(EVERY);
  return isMeant && sameName(ref.name, DEFAULT_NAME) ? ref.provider : display(ref);
}

/** An error that concerns one connection. */
export function connectionError(
  ref: ConnectionRef,
  code: ErrorCode,
  message: string,
  details: Omit<ErrorDetails, "connection"> = {},
): AuthError {
  return new AuthError(code, message, { ...details, connection: display(ref) });
}

export function loginRequired(ref: ConnectionRef): AuthError {
  return connectionError(ref, "login_required", `${display(ref)} is not logged in.`, {
    hint: `Run 'auth login ${typed(ref)}'.`,
  });
}

/** The record was changed by others each time that it was read. */
export function changedByOthers(ref: ConnectionRef): AuthError {
  return connectionError(ref, "busy", `${display(ref)} is being changed by other processes.`, { hint: "Try again." });
}

function shorten(text: string): string {
  const plain = text.replace(/[^\x20-\x7e]/g, "?");
  return plain.length > 60 ? `${plain.slice(0, 57)}…` : plain;
}
