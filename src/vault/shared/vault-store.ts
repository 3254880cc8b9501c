/** A vault in a database that machines share. Loaded with every command: nothing else of this folder is. */
import type { Context } from "../../platform/context.ts";
import { withoutPassword } from "../../platform/store-address.ts";
import type { VaultStore } from "../store.ts";

/** @param text AUTH_STORE, with its password */
export function sharedStore(context: Context, text: string): Omit<VaultStore, "chosenBy"> {
  return {
    name: "AUTH_STORE",
    // A machine without a home has none.
    get file() {
      return context.paths.vault;
    },
    isShared: true,
    shown: async () => (await (await import("./address.ts")).parseAddress(text)).shown,
    open: async (options) => (await import("./open.ts")).openShared(context, text, options),
    openDriver: async () => (await import("./open.ts")).openSharedDriver(context, text),
    isTaken: async () => (await import("./create.ts")).isThere(context, text),
    requirePlace: async () => (await import("./create.ts")).requirePlace(text),
    prepare: async (...how) => (await import("./create.ts")).prepareShared(text, ...how),
    rekey: async (options) => (await import("./rekey.ts")).rekeyShared(context, text, options),
    status: async () => (await import("./status.ts")).sharedStatus(context, text),
    accept: async (options) => (await import("./join.ts")).acceptShared(context, text, options),
    join: async (options) => (await import("./join.ts")).joinShared(context, text, options),
    absent: async () => (await import("./failures.ts")).absent(await (await import("./address.ts")).parseAddress(text)),
    forOthers: "auth vault rekey --key members   (or env)",
    address: () => withoutPassword(text),
    otherKey: async (...how) => (await import("./open.ts")).otherKey(context, text, ...how),
    beginAgain: async () =>
      "Then begin with a new one: in AUTH_STORE, another ?prefix=<name> for Redis, or ?schema=<name> for PostgreSQL.",
  };
}
