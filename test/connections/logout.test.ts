/** The end of a login, over a vault in memory: which locks are held while its parts go wrong. */
import { expect, test } from "bun:test";
import { logout } from "../../src/connections/logout.ts";
import { encodeRecord, newConnection } from "../../src/connections/record.ts";
import { readConnection } from "../../src/connections/store.ts";
import type { Change } from "../../src/vault/types.ts";
import { MemoryVault } from "./memory-vault.ts";
import { REF, servicesOf } from "./support.ts";

const REQUEST = { keepSettings: false, forgetClient: false, revoke: true, interruption: new AbortController().signal };

/** Given a new key while the login is being erased: the first commit finds it. */
class RekeyedVault extends MemoryVault {
  /** Locks held when the new key's source was asked. */
  readonly heldWhenAsked: number[] = [];
  #rekeyed = false;

  override async commit(changes: readonly Change[]): Promise<"committed" | "conflict"> {
    if (this.#rekeyed) return super.commit(changes);
    this.#rekeyed = true;
    return "rekeyed" as "conflict";
  }

  override async reload(): Promise<void> {
    this.heldWhenAsked.push(this.locked.size);
  }
}

test("the source of a new key is asked with no lock held, and the login is erased all the same", async () => {
  const vault = new RekeyedVault();
  const body = encodeRecord(newConnection("acme", "default", 0));
  const version = { incarnation: "ab".repeat(16), generation: 1 };
  vault.entries.set("connection acme:default", { type: "connection", name: "acme:default", version, body });
  const services = servicesOf(vault, null);
  const stored = await readConnection(vault, REF);
  if (stored === null) throw new Error("no record");
  expect(await logout(services, stored, REQUEST)).toMatchObject({ erased: true });
  expect(vault.heldWhenAsked).toEqual([0]);
  expect(vault.locked.size).toBe(0);
  expect(await readConnection(vault, REF)).toBeNull();
});
