/**
 * authsome: records sealed by AES-256-GCM in an SQLite database (diskcache, of Python), each under `<collection>::<key>`. Its
 * key is in a variable, in a file, or in the system's keychain, where only authsome finds it.
 *
 * https://github.com/agentrhq/authsome: src/authsome/vault, src/authsome/server/credential_repository.py
 */
import { asObject, at, type Json, parseJson, textAt } from "../../platform/json.ts";
import { inFolder, inHome, joined } from "../../platform/places.ts";
import { Secret } from "../../platform/secret.ts";
import { shellWord } from "../../platform/shell-word.ts";
import type { ForeignDatabase, Row, Statement } from "../database.ts";
import { readForeign } from "../file.ts";
import { refused, unknownForm } from "../refused.ts";
import type { Credential, Found, ImportSource, Where } from "../source.ts";

const TITLE = "authsome";

export const authsome: ImportSource = {
  id: TITLE,
  title: TITLE,
  places: (where) => {
    const readDatabase = (database: ForeignDatabase): Promise<Found[]> => connectionsIn(database, where);
    const paths = serverFolders(where).map((folder) => joined(where, folder, "kv_store", "cache.db"));
    return (where.file === null ? paths : [where.file]).map((path) => ({ path, readDatabase }));
  },
};

function serverFolders(where: Where): string[] {
  return inFolder(where, "AUTHSOME_HOME", inHome(where, ".authsome"), "server");
}

async function connectionsIn(database: ForeignDatabase, where: Where): Promise<Found[]> {
  const { path, tables } = database;
  if (!tables.includes("Cache")) throw unknownForm(path, TITLE, "it has no records");
  const rows = database.rows("SELECT key, value FROM Cache WHERE raw = 1 AND mode = 1");
  const records = rows.filter(({ key }) => /^vault:[^:]+::vault:.+:connection:/.test(String(key)));
  if (records.length === 0) return [];
  const key = await masterKey(path, where);
  const clients = new Map<string, Json>();
  for (const row of rows) {
    const provider = /^server::server:provider:(.+):client$/.exec(String(row.key))?.[1];
    if (provider !== undefined) clients.set(provider, await opened(row, key, path));
  }
  const found: Found[] = [];
  for (const row of records) {
    const record = await opened(row, key, path);
    const provider = textAt(record, "provider") ?? "";
    const made = foundIn(record, clients.get(provider));
    if (made !== null) found.push({ ...made, removal: { from: "database", statements: removing(row, rows) } });
  }
  return found;
}

/** @throws AuthError `import_refused` */
async function masterKey(path: string, where: Where): Promise<CryptoKey> {
  const { AUTHSOME_MASTER_KEY: named, AUTHSOME_MASTER_KEY_FILE: file } = where.env;
  const files = file ? [file] : serverFolders(where).map((folder) => joined(where, folder, "master.key"));
  let text = named?.trim() ?? "";
  for (const one of text === "" ? files : []) text = (await readForeign(one))?.text.trim() ?? text;
  if (text === "")
    throw refused(
      `${path} is sealed, and its key is in the system's keychain, where authsome alone finds it.`,
      `Log in here instead, or give the key: AUTHSOME_MASTER_KEY_FILE=<file> auth import authsome`,
    );
  const base64 = textAt(parseJson(text), "key") ?? text;
  const bytes = /^[A-Za-z0-9+/]{43}=$/.test(base64) ? Uint8Array.fromBase64(base64) : null;
  if (bytes === null) throw unknownForm(files[0] ?? "AUTHSOME_MASTER_KEY", TITLE, "the key isn't 32 bytes in base64");
  return crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["decrypt"]);
}

/** `base64(nonce) "." base64(ciphertext)`, in JSON that says when it was written. */
async function opened({ value }: Row, key: CryptoKey, path: string): Promise<Json> {
  const json = parseJson(String(value));
  const sealed = at(json, "value.data") ?? at(json, "data");
  const [nonce, body] = typeof sealed === "string" ? sealed.split(".") : [];
  try {
    const iv = Uint8Array.fromBase64(nonce ?? "");
    const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, Uint8Array.fromBase64(body ?? ""));
    const record = asObject(parseJson(new TextDecoder().decode(plain)));
    if (record !== null) return record;
  } catch {
    // Reported below.
  }
  throw unknownForm(path, TITLE, "a record doesn't open with the key that is there");
}

function foundIn(record: Json, client: Json | undefined): Omit<Found, "removal"> | null {
  const name = textAt(record, "connection_name") ?? "default";
  const provider = textAt(record, "provider") ?? "";
  const baseUrl = textAt(record, "base_url");
  const host = baseUrl === null ? null : (URL.parse(baseUrl)?.host ?? null);
  const account = textAt(record, "account.label") ?? textAt(record, "account.id") ?? name;
  const target = { by: "provider", provider, ...(host !== null && { settings: { host } }) } as const;
  const removeBy = `authsome logout ${shellWord(provider)} --connection ${shellWord(name)}`;
  const credential = credentialIn(record, client);
  return credential === null ? null : { account, target, credential, removeBy };
}

function credentialIn(record: Json, client: Json | undefined): Credential | null {
  const apiKey = textAt(record, "api_key");
  if (apiKey !== null) return { kind: "key", accessToken: new Secret(apiKey) };
  const accessToken = textAt(record, "access_token");
  const refreshToken = textAt(record, "refresh_token");
  if (accessToken === null && refreshToken === null) return null;
  const clientId = textAt(client, "client_id");
  const clientSecret = textAt(client, "client_secret");
  const expiresAt = Date.parse(textAt(record, "expires_at") ?? "");
  const scopes = Array.isArray(record.scopes) ? record.scopes.filter((scope) => typeof scope === "string") : null;
  return {
    kind: refreshToken === null ? "access token" : "login",
    ...(accessToken !== null && { accessToken: new Secret(accessToken) }),
    ...(refreshToken !== null && { refreshToken: new Secret(refreshToken) }),
    ...(clientId !== null && { clientId }),
    ...(clientSecret !== null && { clientSecret: new Secret(clientSecret) }),
    ...(Number.isFinite(expiresAt) && { expiresAt }),
    ...(scopes !== null && { scopes }),
  };
}

/** Removes the record, and its name from the list of records. */
function removing(row: Row, rows: readonly Row[]): Statement[] {
  const [collection = "", name = ""] = String(row.key).split("::");
  const index = `${collection}::__index__`;
  return [
    { sql: "DELETE FROM Cache WHERE key = ? AND value = ?", values: [String(row.key), String(row.value)] },
    ...(rows.some(({ key }) => key === index) ? [{ sql: WITHOUT_NAME, values: [name, index] }] : []),
  ];
}

/** The list is JSON in a string of the JSON document. */
const WITHOUT_NAME = `UPDATE Cache SET value = json_set(value, '$.value.data', (
    SELECT json_group_array(name.value) || '' FROM json_each(json_extract(Cache.value, '$.value.data')) AS name WHERE name.value <> ?
  )) WHERE key = ?`;
