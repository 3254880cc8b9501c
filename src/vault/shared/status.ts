/** What is known of a shared vault without its key. */
import type { Context, GivenStore } from "../../platform/context.ts";
import { statusOf, type VaultStatus } from "../status.ts";
import { clockWarnings } from "./clock.ts";
import { checkedHeader, withStore } from "./open.ts";
import { serverWarnings } from "./weaknesses.ts";

/** null where there is no vault. */
export function sharedStatus(context: Context, given: GivenStore): Promise<VaultStatus | null> {
  return withStore(given, async (address, store) => {
    const header = await checkedHeader(context, address, store);
    if (header === null) return null;
    const status = await statusOf(context, store.driver, header, { backend: address.backend, path: address.shown });
    const warnings = [...(await serverWarnings(address, store)), ...(await clockWarnings(context, store))];
    return { ...status, warnings: [...status.warnings, ...warnings] };
  });
}
