/** What the life of a connection needs from the rest of the house. */
import type { Context } from "../platform/context.ts";
import type { Registry } from "../providers/registry.ts";
import type { Vault } from "../vault/types.ts";

export interface Services {
  readonly context: Context;
  readonly vault: Vault;
  readonly registry: Registry;
}
