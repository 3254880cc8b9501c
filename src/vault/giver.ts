/** Who gave the address of a vault, in messages about it. */
import type { GivenStore } from "../platform/context.ts";

export type GivenBy = GivenStore["givenBy"];

export interface Giver {
  /** In a sentence. */
  readonly name: string;
  /** What stands before an address of the right form. */
  readonly before: string;
  /** Follows a hint that says what to change in the address. */
  readonly anew: string;
  /** What chooses another vault. */
  readonly another: string;
}

export const GIVERS: Readonly<Record<GivenBy, Giver>> = {
  AUTH_STORE: { name: "AUTH_STORE", before: "AUTH_STORE=", anew: "", another: "AUTH_STORE" },
  argument: { name: "the address", before: "", anew: "", another: "another address" },
  "--to": { name: "--to", before: "--to ", anew: "", another: "--to" },
  use: {
    name: "the address that 'auth vault use' keeps",
    before: "",
    anew: "\nTo give it anew: auth vault use -\nOr go back to this home's own vault: auth vault use --local",
    another: "'auth vault use'",
  },
};

/** What chooses another vault than the one that is used. @param chosenBy null: it is the home's own */
export function otherVaultBy(chosenBy: GivenBy | null): string {
  return chosenBy === null ? "AUTH_HOME or 'auth vault use'" : GIVERS[chosenBy].another;
}

/** Its name at the beginning of a sentence. */
export function subject({ name }: Giver): string {
  return `${name[0]?.toUpperCase() ?? ""}${name.slice(1)}`;
}

/** @param fault what follows the name of the address */
export function sentence(giver: Giver, fault: string): string {
  return `${subject(giver)} ${fault}`;
}
