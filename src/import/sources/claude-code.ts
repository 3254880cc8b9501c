/**
 * Claude Code: `.credentials.json`, with its own login and those at MCP servers. On macOS it has them in the keychain.
 *
 * https://code.claude.com/docs/en/authentication; the fields as programs that read the file have them, for example
 * https://github.com/steipete/CodexBar
 */
import { asObject, textAt } from "../../platform/json.ts";
import { inFolder, inHome } from "../../platform/places.ts";
import type { ForeignFile } from "../file.ts";
import { entriesOf, jsonOf, withoutInJson } from "../json-text.ts";
import { serverLogin } from "../server-entry.ts";
import { type Found, type ImportSource, textPlaces } from "../source.ts";

const TITLE = "Claude Code";
const NAMES = {
  url: "serverUrl",
  issuer: "discoveryState.authorizationServerUrl",
  access: "accessToken",
  refresh: "refreshToken",
  client: "clientId",
  secret: "clientSecret",
  expires: "expiresAt",
} as const;

export const claudeCode: ImportSource = {
  id: "claude-code",
  title: TITLE,
  otherNames: ["claude"],
  places: (where) =>
    textPlaces(where, inFolder(where, "CLAUDE_CONFIG_DIR", inHome(where, ".claude"), ".credentials.json"), readText),
};

function readText(file: ForeignFile): Found[] {
  const json = jsonOf(file, TITLE);
  const own: Found[] =
    textAt(json, "claudeAiOauth.accessToken") === null
      ? []
      : [
          {
            account: null,
            target: { by: "provider", provider: "anthropic" },
            credential: null,
            stays: "it is a login of Claude Code's own, which no other program can use",
          },
        ];
  const servers = entriesOf(json.mcpOAuth, file.path, TITLE, "mcpOAuth").flatMap(([key, entry]): Found[] => {
    const found = serverLogin(entry, NAMES);
    if (found === null) return [];
    const edit = (text: string): string | null => withoutServer(text, key, textAt(entry, "refreshToken"));
    return [{ ...found, account: textAt(entry, "serverName"), removal: { from: "text", edit } }];
  });
  return [...own, ...servers];
}

function withoutServer(text: string, key: string, refreshToken: string | null): string | null {
  return withoutInJson(text, (json) => {
    const held = asObject(json.mcpOAuth) as Record<string, unknown> | null;
    if (held === null || textAt(held[key], "refreshToken") !== refreshToken) return false;
    delete held[key];
    return true;
  });
}
