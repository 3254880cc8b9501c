/**
 * Reads tokens through the agent, where the vault's key comes from a person, a keychain or a command. With a key file or
 * AUTH_KEY, opening the vault is faster than asking the agent.
 */
import { type AgentClient, agentClient } from "../../agent/client.ts";
import { agentPlace } from "../../agent/place.ts";
import { type RemoteVault, remoteVault } from "../../agent/remote-vault.ts";
import { AuthError } from "../../platform/errors.ts";
import { isThere } from "../../platform/small-file.ts";
import type { Header } from "../../vault/header.ts";
import type { Vault } from "../../vault/types.ts";
import { type Cli, pathsOrNull } from "../context.ts";
import { vaultDialogue } from "../session.ts";

/** @param openHere opens it with its key @returns null where there is no agent that is, or can be, unlocked */
export async function throughAgent(
  cli: Cli,
  { vaultId }: Header,
  openHere: () => Promise<Vault | null>,
): Promise<RemoteVault | null> {
  const { AUTH_AGENT: mode } = cli.context.env;
  const paths = mode === "off" ? null : pathsOrNull(cli.context);
  if (paths === null) return null;
  const place = agentPlace(paths, vaultId);
  const client = agentClient(place);
  const isThereOne = isThere(place.folder) && (await isReady(cli, client));
  if (!isThereOne && (mode !== "start" || !(await started(cli)))) return null;
  return remoteVault(client, vaultId, async () => {
    const vault = await openHere();
    if (vault !== null) return vault;
    throw new AuthError("vault_replaced", "The vault is gone.", { hint: "Run the command again." });
  });
}

/** Whether the agent is unlocked. Where it is locked, the person at the terminal unlocks it: the passphrase is needed anyway. */
async function isReady(cli: Cli, client: AgentClient): Promise<boolean> {
  const hello = await client.hello();
  if (hello === null || !hello.status.locked) return hello !== null;
  const { keyFor, requireVault } = await import("./start.ts");
  const vault = await requireVault(cli);
  if (vault.keySource !== "passphrase" || vault.keyVariable !== null) return false;
  await client.unlock(await keyFor(cli, vaultDialogue(cli, true)).catch(whereLocked));
  return true;
}

/** No person could be asked: says that the locked agent is the reason. */
function whereLocked(error: unknown): never {
  if (!(error instanceof AuthError) || error.code !== "vault_locked") throw error;
  throw error.restated({ message: `The agent is locked. ${error.message}` });
}

/** AUTH_AGENT=start: a command that has to ask for the key starts an agent, which keeps it. */
async function started(cli: Cli): Promise<boolean> {
  const { startAgent } = await import("./start.ts");
  await startAgent(cli, {});
  return true;
}
