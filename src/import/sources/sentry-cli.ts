/**
 * The Sentry CLIs. The newer one (npm `sentry`) has an SQLite database, `cli.db`: one row of `auth`, or since schema 18
 * `accounts`. The older one (`sentry-cli`) has `.sentryclirc`, an INI file with a token.
 *
 * https://github.com/getsentry/cli/blob/main/src/lib/db/schema.ts and https://docs.sentry.io/cli/configuration/
 */
import { type Json, textAt } from "../../platform/json.ts";
import { configFolder, inFolder, inHome, joined } from "../../platform/places.ts";
import { Secret } from "../../platform/secret.ts";
import { hostFrom } from "../../platform/url.ts";
import type { ForeignDatabase, Row } from "../database.ts";
import type { ForeignFile } from "../file.ts";
import { numberAt } from "../json-text.ts";
import { unknownForm } from "../refused.ts";
import type { Found, ImportSource, Where } from "../source.ts";

const TITLE = "sentry";
/** The newest schema that is known (sentry 0.49). */
const NEWEST = 21;
/** The public client of the published CLI at sentry.io, unless `SENTRY_CLIENT_ID` names another. */
const CLIENT = "1d673b81d60ef84c951359c36296972ca6fd41bd8f45acd2d3a783a3b3c28e41";

export const sentryCli: ImportSource = {
  id: "sentry",
  title: TITLE,
  otherNames: ["sentry-cli"],
  places: (where) => {
    const readDatabase = (database: ForeignDatabase): Found[] => accountsIn(database, where);
    if (where.file !== null)
      return [where.file.endsWith(".db") ? { path: where.file, readDatabase } : { path: where.file, readText }];
    const folders = inFolder(where, "SENTRY_CONFIG_DIR", [
      ...inHome(where, ".sentry"),
      ...configFolder(where, "sentry"),
    ]);
    return [
      ...folders.map((folder) => ({ path: joined(where, folder, "cli.db"), readDatabase })),
      ...inHome(where, ".sentryclirc").map((path) => ({ path, readText })),
    ];
  },
};

function accountsIn(database: ForeignDatabase, where: Where): Found[] {
  const { path, tables } = database;
  const version = tables.includes("schema_version")
    ? database.rows("SELECT version FROM schema_version")[0]
    : undefined;
  const number = numberAt(version ?? {}, "version");
  if (number === undefined) throw unknownForm(path, TITLE, "it has no schema's version");
  if (number > NEWEST)
    throw unknownForm(path, TITLE, `its schema is ${number}, and ${NEWEST} is the newest known here`);
  const table = tables.includes("accounts") ? "accounts" : "auth";
  if (!tables.includes(table)) throw unknownForm(path, TITLE, "it has no accounts");
  const user =
    table === "auth" && tables.includes("user_info") ? database.rows("SELECT * FROM user_info")[0] : undefined;
  return database.rows(`SELECT * FROM ${table}`).flatMap((row) => foundIn(table, row, user ?? row, where));
}

function foundIn(table: string, row: Row, user: Row, { env }: Where): Found[] {
  const token = textAt(row, "token");
  if (token === null) return [];
  const refreshToken = textAt(row, "refresh_token");
  const host = hostOf(textAt(row, "host") ?? "sentry.io");
  if (host === null) return [];
  const clientId = env.SENTRY_CLIENT_ID?.trim() || (host === "sentry.io" ? CLIENT : null);
  const expiresAt = numberAt(row, "expires_at");
  const common = { ...targetAt(host), account: accountOf(user) };
  const access = { accessToken: new Secret(token), ...(expiresAt !== undefined && { expiresAt }) };
  // Only as it was read: another sign-in, or a refresh, changes the row.
  const key = table === "accounts" ? "account_id" : "id";
  const values = [row[key] as string | number, new Secret(token)];
  const removal = {
    from: "database",
    statements: [{ sql: `DELETE FROM ${table} WHERE ${key} = ? AND token = ?`, values }],
  } as const;
  if (refreshToken === null) return [{ ...common, credential: { kind: "access token", ...access }, removal }];
  const login = { kind: "login", ...access, refreshToken: new Secret(refreshToken), flow: "device" } as const;
  return [{ ...common, credential: { ...login, ...(clientId !== null && { clientId }) }, removal }];
}

function accountOf(user: Json): string | null {
  return textAt(user, "email") ?? textAt(user, "username") ?? textAt(user, "name");
}

function targetAt(host: string): Pick<Found, "target"> {
  const settings = { host };
  return { target: { by: "provider", provider: "sentry", settings, ...(host !== "sentry.io" && { place: host }) } };
}

/** Of a URL, or a host alone. */
function hostOf(text: string): string | null {
  return hostFrom(/^https?:\/\//.test(text) ? (URL.parse(text)?.host ?? "") : text);
}

/** `[auth] token`, `[defaults] url`. */
function readText({ path, text }: ForeignFile): Found[] {
  let section = "";
  const found: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    section = /^\s*\[(.+?)\]\s*$/.exec(line)?.[1] ?? section;
    const [name, value] = assignmentOf(line) ?? [];
    if (name !== undefined && value !== undefined) found[`${section}.${name}`] = unquoted(value);
  }
  const token = found["auth.token"];
  if (token === undefined || token === "") return [];
  const host = hostOf(found["defaults.url"] ?? "sentry.io");
  if (host === null) throw unknownForm(path, "sentry-cli", "its url isn't one");
  // Escapes and comments after the value aren't read here.
  if (!/^[\w+/=.-]+$/.test(token)) throw unknownForm(path, "sentry-cli", "its token has characters that no token has");
  const edit = (now: string): string =>
    now
      .split("\n")
      .filter((line) => {
        const [name, value = ""] = assignmentOf(line) ?? [];
        return name !== "token" || unquoted(value) !== token;
      })
      .join("\n");
  const credential = { kind: "access token", accessToken: new Secret(token) } as const;
  return [{ account: null, ...targetAt(host), credential, removal: { from: "text", edit } }];
}

/** `name = value`, without blanks around either; null for another line. */
function assignmentOf(line: string): readonly [name: string, value: string] | null {
  const at = line.indexOf("=");
  return at < 0 ? null : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
}

function unquoted(value: string): string {
  return value.replace(/^"(.*)"$/, "$1");
}
