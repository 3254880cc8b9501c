/** A vault whose key the agent has: where the agent doesn't answer once, it is asked again (CLI.md §5 `agent`). */
import { expect, test } from "bun:test";
import { type AgentClient, AgentGone } from "../../src/agent/client.ts";
import { remoteVault } from "../../src/agent/remote-vault.ts";
import { AuthError } from "../../src/platform/errors.ts";

const LOCKED = new AuthError("vault_locked", "The vault is locked.", { hint: "Unlock it." });

for (const [name, failure] of [
  ["a lock", LOCKED],
  ["a reply that failed", new AgentGone()],
] as const)
  test(`after ${name}, with a key that isn't to be had here, the next read goes by the agent again`, async () => {
    let fails = true;
    const read = async (): Promise<null> => {
      if (fails) throw failure;
      return null;
    };
    const { vault } = remoteVault({ read } as unknown as AgentClient, "id", () => Promise.reject(LOCKED));
    expect(vault.read("connection", "acme")).rejects.toThrow("The vault is locked.");
    await Bun.sleep(0);
    fails = false;
    expect(await vault.read("connection", "acme")).toBeNull();
  });
