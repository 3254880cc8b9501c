/** What was set up for a host, or for an MCP server, is of no use until a connection is for it. */
import { connectionFor } from "../../connections/by-origin.ts";
import { AuthError } from "../../platform/errors.ts";
import { commandLine, placeholder } from "../../platform/shell-word.ts";
import { withoutQuery } from "../../platform/url.ts";
import type { Part } from "../../setup/change.ts";
import { TOOLS } from "../../setup/table.ts";
import { ASKING } from "../../vault/sources/source.ts";
import { vaultStatus } from "../../vault/status.ts";
import { loginAt } from "../mcp/connection.ts";
import type { Session } from "../session.ts";
import { originFrom } from "./call.ts";
import { profileIn } from "./commands.ts";

type Named = Pick<Part, "tool" | "name" | "words" | "made">;

/** @returns a sentence with what helps; null where a connection is for it, or where that can't be found out without asking for a key, or at all */
export async function unanswered(session: Session, one: Named): Promise<string | null> {
  const isForHost = one.words.length === 0 && TOOLS[one.tool]?.takes.includes("host");
  if (one.tool !== "mcp" && !isForHost) return null;
  try {
    const vault = await vaultStatus(session.context);
    if (vault !== null && ASKING.includes(vault.keySource)) return null;
    return await (isForHost ? withoutConnection(session, one) : withoutLogin(session, one));
  } catch (error) {
    if (error instanceof AuthError) return null;
    throw error;
  }
}

async function withoutLogin(session: Session, one: Named): Promise<string | null> {
  const [client, url] = one.words;
  const profile = profileIn(one);
  if (url === undefined || (await loginAt(session, url, profile)) !== null) return null;
  const shown = withoutQuery(url);
  const login = ["auth", "login", shown, ...(profile === undefined ? [] : ["-p", profile])];
  return `There is no login at ${shown} yet, which ${client} asks. Log in: ${commandLine(login)}`;
}

async function withoutConnection(session: Session, { tool, name }: Named): Promise<string | null> {
  const origin = originFrom(name);
  const wanted = { origin, user: null, profile: undefined, provider: null, isAdded: false };
  if ((await connectionFor(session, wanted)) !== null) return null;
  const [provider] = await session.registry.idsAt(origin);
  const isNamed = provider === undefined && TOOLS[tool]?.takes.includes("rest");
  const way = isNamed
    ? `If the tokens of one may go there: ${commandLine(["auth", "setup", tool, placeholder("connection"), "--host", origin, "--", "--origin", origin])}`
    : `Log in: ${commandLine(["auth", "login", provider ?? placeholder("provider")])}`;
  return `No connection is for ${origin} yet: ${tool} gets nothing for it. ${way}`;
}
