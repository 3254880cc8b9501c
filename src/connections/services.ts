/** What the functions of a connection's life need: its context, the vault, the providers. */
import type { Context } from "../platform/context.ts";
import type { Registry } from "../providers/registry.ts";
import type { Vault } from "../vault/types.ts";
import type { Access, AccessOptions } from "./access.ts";
import type { RefreshOptions } from "./outcome.ts";
import type { ConnectionRef } from "./ref.ts";

export interface Services {
  readonly context: Context;
  readonly vault: Vault;
  readonly registry: Registry;
  /** Where another process has the vault's key, and renews tokens. Absent: this one does. */
  readonly holder?: Holder;
  /**
   * Has another process send a refresh that is due, where ours may be killed meanwhile, and waits for its end: what became of it
   * is in the vault then. Absent: we send it. @throws AuthError `busy` where there is no time to wait any longer
   */
  readonly refreshElsewhere?: (ref: ConnectionRef, options: RefreshOptions) => Promise<void>;
}

/** @returns null where it is gone: from now on the vault is open here */
export type Holder = (ref: ConnectionRef, options: AccessOptions) => Promise<Access | null>;
