/**
 * The pin of an installed plugin: where it came from and, for a module, which bytes a person has reviewed. It is kept sealed
 * in the vault; this is the interface to it (RULES.md §4).
 */
import { AuthError } from "../../platform/errors.ts";

export interface Pin {
  readonly format: 1;
  readonly id: string;
  /** `file`, `npm:acme@1.2.3`, or the URL. */
  readonly origin: string;
  /** Of the file as it was added or trusted. */
  readonly hash: string;
  /** Whether it may replace a provider of the same id, and use what is another's: `--replace`. */
  readonly replaces: boolean;
  /** null: this module isn't trusted yet, or it is a manifest, of which no code runs. */
  readonly trusted: Trusted | null;
}

export interface Trusted {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The module's text, to show later changes. */
  readonly source: string;
  /** Its default export, without functions. */
  readonly data: unknown;
  /** The names of its functions. */
  readonly functions: readonly string[];
}

/** Gets a plugin's pin. Only this opens the vault. */
export type ReadPin = (id: string) => Promise<Pin | null>;

/** @throws AuthError `plugin_untrusted` unless these very bytes were trusted */
export function requireTrust(id: string, hash: string, pin: Pin | null): Trusted {
  if (pin?.trusted == null)
    throw new AuthError("plugin_untrusted", `The module of ${id} is not trusted: its code would run as you.`, {
      hint: `Look at it, and trust it: auth provider trust ${id}`,
    });
  if (pin.hash !== hash)
    throw new AuthError("plugin_untrusted", `The module of ${id} was changed since it was trusted.`, {
      hint: `Look at what changed, and trust it again: auth provider trust ${id}`,
    });
  return pin.trusted;
}
