/**
 * mcp-remote: for each server `<hash>_tokens.json` and `<hash>_client_info.json`. The hash is of the server's URL, which is
 * recorded nowhere: it is looked for in the files that tell agents which servers there are.
 *
 * https://github.com/geelen/mcp-remote/blob/main/src/lib/mcp-auth-config.ts
 */
import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { AuthError } from "../../platform/errors.ts";
import { configFolder, inFolder, inHome, joined } from "../../platform/places.ts";
import { type ForeignFile, readForeign } from "../file.ts";
import { jsonOf } from "../json-text.ts";
import { refused } from "../refused.ts";
import { serverLogin } from "../server-entry.ts";
import type { Found, ImportSource, Place, Where } from "../source.ts";

const TITLE = "mcp-remote";
const TOKENS = "_tokens.json";
/** The known layout, of `mcp-remote-v1`. Before it, the folder was named by the package's version. */
const LAYOUT = 1;

export const mcpRemote: ImportSource = {
  id: TITLE,
  title: TITLE,
  places: (where) => {
    const readText = (file: ForeignFile): Promise<Found[]> => loginIn(file, where);
    if (where.file !== null) return [{ path: where.file, readText }];
    return inFolder(where, "MCP_REMOTE_CONFIG_DIR", inHome(where, ".mcp-auth")).flatMap((folder) =>
      namesIn(folder)
        .filter((name) => /^mcp-remote-(v\d+|\d[\w.-]*)$/.test(name))
        .flatMap((name) => placesIn(joined(where, folder, name), readText)),
    );
  },
};

function placesIn(folder: string, readText: (file: ForeignFile) => Promise<Found[]>): Place[] {
  const layout = Number(/-v(\d+)$/.exec(folder)?.[1] ?? LAYOUT);
  const read = layout > LAYOUT ? refuseNewer : readText;
  return namesIn(folder)
    .filter((name) => name.endsWith(TOKENS))
    .map((name) => ({ path: join(folder, name), readText: read }));
}

function refuseNewer({ path }: ForeignFile): never {
  throw refused(`${path} is of a newer mcp-remote.`, "Log in here instead, or update auth: auth upgrade");
}

async function loginIn(file: ForeignFile, where: Where): Promise<Found[]> {
  const tokens = jsonOf(file, TITLE);
  const hash = basename(file.path).slice(0, -TOKENS.length);
  const about = await readForeign(join(dirname(file.path), `${hash}_client_info.json`));
  const client = about === null ? {} : jsonOf(about, TITLE);
  const url = await urlOf(hash, where);
  const removal = { from: "text", edit: (text: string) => (text === file.text ? null : text) } as const;
  if (url === null) {
    const stays = "the server's URL isn't recorded, and no agent's file names one that fits";
    const target = { by: "server", url: `https://${hash}.invalid`, issuer: null } as const;
    return [{ account: hash.slice(0, 12), target, credential: null, stays }];
  }
  const names = { client: "client_id", secret: "client_secret", access: "access_token", refresh: "refresh_token" };
  const entry = { ...tokens, url, client_id: client.client_id, client_secret: client.client_secret };
  const found = serverLogin(entry, { ...names, url: "url", issuer: "issuer", expires: "expires_at" });
  return found === null ? [] : [{ ...found, removal }];
}

/** The URL with this hash. */
async function urlOf(hash: string, where: Where): Promise<string | null> {
  for (const path of agentFiles(where)) {
    const text = await readForeign(path).then(
      (file) => file?.text ?? "",
      (error: unknown) => {
        // A file that can't be read names no server here.
        if (error instanceof AuthError) return "";
        throw error;
      },
    );
    if (!text.includes(TITLE)) continue;
    for (const [url] of text.matchAll(/https?:\/\/[^\s"'\\<>]+/g))
      if (new Bun.CryptoHasher("md5").update(url).digest("hex") === hash) return url;
  }
  return null;
}

/** Files in which agents list their servers. */
function agentFiles(where: Where): string[] {
  const desktop = "claude_desktop_config.json";
  return [
    ...inHome(where, ".claude.json"),
    ...inHome(where, ".cursor", "mcp.json"),
    ...inHome(where, ".codeium", "windsurf", "mcp_config.json"),
    ...inHome(where, ".codex", "config.toml"),
    ...inHome(where, "Library", "Application Support", "Claude", desktop),
    ...configFolder(where, "Claude").map((folder) => joined(where, folder, desktop)),
    joined(where, where.folder, ".mcp.json"),
  ];
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return []; // It isn't there, or isn't a folder.
  }
}
