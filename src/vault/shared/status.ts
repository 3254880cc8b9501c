/** What is known of a shared vault without its key. */
import type { Context, GivenStore } from "../../platform/context.ts";
import { retryWhileBusy } from "../driver.ts";
import { FORMAT } from "../seal.ts";
import { sourceInEnvironment, VARIABLES } from "../sources/source.ts";
import { keyWarnings, memberFault, type VaultStatus } from "../status.ts";
import { checkedHeader, withStore } from "./open.ts";
import { serverWarnings } from "./weaknesses.ts";

/** null where there is no vault. */
export function sharedStatus(context: Context, given: GivenStore): Promise<VaultStatus | null> {
  return withStore(given, async (address, store) => {
    const header = await checkedHeader(context, address, store);
    if (header === null) return null;
    const insisted = sourceInEnvironment(context, header.source);
    const fault = await memberFault(context, header);
    return {
      backend: address.backend,
      path: address.shown,
      vaultId: header.vaultId,
      format: header.bytes[0] ?? FORMAT,
      epoch: header.epoch,
      keySource: header.source,
      member: header.team === null ? null : fault === null,
      keyVariable: insisted === null ? null : VARIABLES[insisted],
      records: (await retryWhileBusy(() => store.driver.getKeys("", {}))).length - 1,
      warnings: [...keyWarnings(context, null, header.source, fault), ...(await serverWarnings(address, store))],
    };
  });
}
