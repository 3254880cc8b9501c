/**
 * Codex: `auth.json` with an API key or its own login, and `.credentials.json` with logins at MCP servers, where it doesn't
 * keep them in the system's keychain.
 *
 * https://github.com/openai/codex: codex-rs/login/src/auth/storage.rs, codex-rs/rmcp-client/src/oauth.rs
 */
import { textAt } from "../../platform/json.ts";
import { inFolder, inHome } from "../../platform/places.ts";
import { Secret } from "../../platform/secret.ts";
import type { ForeignFile } from "../file.ts";
import { entriesOf, jsonOf, withoutInJson } from "../json-text.ts";
import { serverLogin } from "../server-entry.ts";
import type { Found, ImportSource } from "../source.ts";

const TITLE = "Codex";
const NAMES = {
  url: "server_url",
  issuer: "issuer",
  access: "access_token",
  refresh: "refresh_token",
  client: "client_id",
  secret: "client_secret",
  expires: "expires_at",
} as const;
const KEY = "OPENAI_API_KEY";

export const codex: ImportSource = {
  id: "codex",
  title: TITLE,
  places: (where) => {
    const usual = inHome(where, ".codex");
    if (where.file !== null)
      return [{ path: where.file, readText: where.file.endsWith(".credentials.json") ? serversIn : ownIn }];
    return [
      ...inFolder(where, "CODEX_HOME", usual, "auth.json").map((path) => ({ path, readText: ownIn })),
      ...inFolder(where, "CODEX_HOME", usual, ".credentials.json").map((path) => ({ path, readText: serversIn })),
    ];
  },
};

function ownIn(file: ForeignFile): Found[] {
  const json = jsonOf(file, TITLE);
  const target = { by: "provider", provider: "openai" } as const;
  const key = textAt(json, KEY);
  const found: Found[] = [];
  if (key !== null) {
    const edit = (text: string): string | null =>
      withoutInJson(text, (now) => {
        if (now[KEY] !== key) return false;
        now[KEY] = null;
        return true;
      });
    const credential = { kind: "key", accessToken: new Secret(key) } as const;
    found.push({ account: "codex", target, credential, removal: { from: "text", edit } });
  }
  if (textAt(json, "tokens.access_token") !== null)
    found.push({
      account: textAt(json, "tokens.account_id"),
      target,
      credential: null,
      stays: "it is a login of Codex's own, which no other program can use",
    });
  return found;
}

function serversIn(file: ForeignFile): Found[] {
  const json = jsonOf(file, TITLE);
  return entriesOf(json, file.path, TITLE, "it").flatMap(([key, entry]): Found[] => {
    const found = serverLogin(entry, NAMES);
    if (found === null) return [];
    const edit = (text: string): string | null =>
      withoutInJson(text, (now) => {
        if (textAt(now[key], "refresh_token") !== textAt(entry, "refresh_token")) return false;
        delete now[key];
        return true;
      });
    return [{ ...found, account: textAt(entry, "server_name"), removal: { from: "text", edit } }];
  });
}
