/** The vault and what it stands on: its file, its key, who may reach them, the disk below. */
import { dirname } from "node:path";
import { AuthError } from "../../platform/errors.ts";
import { copyOnWriteOf } from "../../vault/files.ts";
import { SOURCE_WORDS } from "../../vault/sources/source.ts";
import { type VaultStatus, type VaultWarning, vaultStatus, vaultWarnings } from "../../vault/status.ts";
import { strangers } from "../../vault/strangers.ts";
import type { Session } from "../session.ts";
import { broken, doubtful, type Examine, type Found, fine } from "./found.ts";

/** Opening it refuses what can't be trusted: a link, another user's file, a network file system. */
export const examineVault: Examine = async ({ context }) => {
  try {
    const status = await vaultStatus(context);
    if (status === null) return [fine(`none yet: the first login makes one at ${context.paths.vault}`)];
    const { path, records, format, epoch } = status;
    return [fine(`${path}, ${records} ${records === 1 ? "record" : "records"}, format ${format}, epoch ${epoch}`)];
  } catch (error) {
    return broken(error);
  }
};

export const examineKey: Examine = async (session) => {
  const status = await statusOf(session);
  try {
    if ((await session.vault()) === null || status === null) return [fine("no vault, no key")];
  } catch (error) {
    return broken(error);
  }
  const source = `${SOURCE_WORDS[status.keySource]}${status.keyVariable === null ? "" : ` (asked now: ${status.keyVariable})`}`;
  return [fine(`${source} opens the vault`), ...warned(session, status, "key")];
};

export const examineModes: Examine = async (session) => {
  const status = await statusOf(session);
  if (status === null) return [fine("there is nothing yet to be reached")];
  const { paths } = session.context;
  const others = strangers([paths.key, paths.audit, paths.log, `${dirname(status.path)}/vault.locks`]);
  const found = [
    ...warned(session, status, "modes"),
    ...others.map((path) => doubtful(`${path} belongs to another user`, `Make it yours (chown), or delete it.`)),
  ];
  return found.length > 0 ? found : [fine("nobody else can reach the vault, its key or its locks")];
};

/** A network file system stops everything that would write; one that copies on write only weakens a promise (RULES.md 2.1). */
export const examineFileSystem: Examine = async (session) => {
  const status = await statusOf(session);
  if (status === null) return [fine("not looked at: there is no vault")];
  const network = warned(session, status, "file system");
  if (network.length > 0) return network;
  const copying = copyOnWriteOf(dirname(status.path));
  return [
    fine(
      copying === null
        ? "local, and keeps the room that is set aside for a refresh's reply"
        : `local; ${copying} copies on write: room for a refresh's reply can be set aside, but not for certain`,
    ),
  ];
};

const REMEDIES: Readonly<Record<VaultWarning["about"], string>> = {
  key: "auth vault rekey --key keychain   (or passphrase)",
  modes: "chmod go= <path>",
  "file system": "AUTH_HOME=<folder on a local disk>, or AUTH_STORE=sqlite:<path on one>",
};

function warned({ context }: Session, { path, keySource }: VaultStatus, matter: VaultWarning["about"]): Found[] {
  return vaultWarnings(context, path, keySource)
    .filter(({ about }) => about === matter)
    .map(({ text }) => doubtful(text, REMEDIES[matter]));
}

/** null also where it can't be had: that is the first check's to say. */
async function statusOf({ context }: Session): Promise<VaultStatus | null> {
  try {
    return await vaultStatus(context);
  } catch (error) {
    if (error instanceof AuthError) return null;
    throw error;
  }
}
