/** The call of a tool's setup, with its lookups: connections, hosts, files. */
import { dirname } from "node:path";
import { isFor } from "../../connections/by-origin.ts";
import { checkName, display, isAddress } from "../../connections/ref.ts";
import type { Stored } from "../../connections/store.ts";
import { originOfServer } from "../../inject/helpers/origin.ts";
import { BadRequest } from "../../inject/helpers/protocol.ts";
import { AuthError, usage } from "../../platform/errors.ts";
import { ownPath } from "../../platform/own-program.ts";
import { surroundingsOf } from "../../platform/places.ts";
import { commandLine } from "../../platform/shell-word.ts";
import { isAllowedUrl, originOf } from "../../platform/url.ts";
import { textWithout } from "../../setup/engine.ts";
import { hostsFor } from "../../setup/hosts.ts";
import { binFolder, ownProgram } from "../../setup/program.ts";
import { requireRootsAlone } from "../../setup/roots-alone.ts";
import { TOOLS } from "../../setup/table.ts";
import type { SetupCall } from "../../setup/tool.ts";
import { ASKING } from "../../vault/sources/source.ts";
import { vaultStatus } from "../../vault/status.ts";
import type { Cli } from "../context.ts";
import { loginAt } from "../mcp/connection.ts";
import type { Session } from "../session.ts";
import { connectionsOf, requireStored, selectStored } from "../stored.ts";
import { requireAnswerable } from "./answerable.ts";

export interface Given {
  readonly words: readonly string[];
  readonly hosts: readonly string[];
  readonly name: string | null;
  readonly context: string | null;
  readonly audience: string | null;
  readonly profile: string | undefined;
  readonly replace: boolean;
  readonly system: boolean;
}

/** @throws AuthError `connection_not_found`, `usage` */
export async function callOf(cli: Cli, session: Session, tool: string, given: Given): Promise<SetupCall> {
  const { env, paths } = cli.context;
  if (given.system && process.platform === "win32")
    throw usage("It has no configuration for all users that is known here.", "Leave out --system.");
  const where = surroundingsOf(env);
  const found = ownProgram(where);
  const auth = given.system ? requireRootsAlone([found, ownPath()]) : found;
  const bin = given.system ? dirname(auth) : binFolder(where, auth);
  const named = TOOLS[tool]?.words === undefined ? await namedBy(session, given) : null;
  await requireAnswerable(tool, named?.typed ?? null, cli.rest, named?.stored.record.kind !== "oauth");
  return {
    ...where,
    ...{ words: given.words, name: given.name, context: given.context, audience: given.audience, rest: cli.rest },
    ...{ replace: given.replace, system: given.system, auth, bin, files: paths.setup },
    connection: named?.typed ?? null,
    profile: given.profile === undefined ? null : checkName(given.profile),
    hasLogin: (url) => hasLogin(cli, session, url, given.profile),
    origins: () => originsFor(session, tool, given, named, cli.rest),
    textOf: (path) => textWithout(paths.setup, path, tool),
  };
}

/** Never asks for a key: false where one would be needed. */
async function hasLogin(cli: Cli, session: Session, url: string, profile: string | undefined): Promise<boolean> {
  try {
    const vault = await vaultStatus(cli.context);
    if (vault === null || ASKING.includes(vault.keySource)) return false;
    const found = await loginAt(session, url, profile);
    return found !== null && (await requireStored(session, found.ref)).record.tokens !== null;
  } catch (error) {
    if (error instanceof AuthError) return false;
    throw error;
  }
}

interface Named {
  /** How it is written in a helper's call. */
  readonly typed: string;
  readonly stored: Stored;
}

/** A provider's name alone isn't resolved: it means the default at the time of each call. */
async function namedBy(session: Session, { words, profile }: Given): Promise<Named | null> {
  const [word, another] = words;
  if (another !== undefined) throw usage("There are too many words.", "One connection is enough.");
  if (word === undefined && profile === undefined) return null;
  const { ref } = await selectStored(session, word, profile);
  const isOpen = word !== undefined && profile === undefined && !word.includes(":") && !isAddress(word);
  return { typed: isOpen ? word : display(ref), stored: await requireStored(session, ref) };
}

async function originsFor(
  session: Session,
  tool: string,
  { hosts }: Given,
  named: Named | null,
  rest: readonly string[],
): Promise<string[]> {
  const origins = [...new Set(hosts.map(originFrom))];
  if (origins.length > 0) {
    for (const origin of origins) if (named !== null) await requireItsOwn(session, tool, named, origin, rest);
    return origins;
  }
  const stored = named === null ? await connectionsOf(session) : [named.stored];
  const all = stored.flatMap((one) => hostsFor(tool, originsOf(one).filter(isAllowedUrl)));
  if (all.length > 0) return [...new Set(all)].sort();
  throw usage(
    `No host is known: no connection is for one that ${tool} speaks to.`,
    `Name it: auth setup ${tool} --host <host>`,
  );
}

function originsOf({ record: { pinned } }: Stored): string[] {
  if (pinned === null) return [];
  const { origins, resource } = pinned;
  return [...origins, ...(resource !== undefined && URL.canParse(resource) ? [originOf(resource)] : [])];
}

/** @throws AuthError `origin_mismatch` where the connection's tokens don't go there */
async function requireItsOwn(
  session: Session,
  tool: string,
  { typed, stored }: Named,
  origin: string,
  rest: readonly string[],
): Promise<void> {
  if (rest.includes(origin) || (await isFor(session, stored, origin))) return;
  const command = commandLine(["auth", "setup", tool, typed, "--host", origin, "--", "--origin", origin]);
  const hint = TOOLS[tool]?.takes.includes("rest")
    ? `If its tokens may go there: ${command}`
    : `${tool} asks for the connection of each host: name one that is for it.`;
  throw new AuthError("origin_mismatch", `${display(stored.ref)} isn't for ${origin}.`, { hint });
}

/** @throws AuthError `usage` */
export function originFrom(host: string): string {
  try {
    return originOfServer(host);
  } catch (error) {
    if (error instanceof BadRequest) throw usage(`'${host}' is no host.`, "For example: --host git.example");
    throw error;
  }
}
