/**
 * For each source files as its program writes them. Made by the program itself where it installs: gh 2.23 and 2.40's form,
 * MSAL for Python 1.21, sentry 0.49 (npm), mcp-remote 0.15 (npm); else by its documented format.
 */
import { Database } from "bun:sqlite";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface Fixture {
  /** From the home. The first is the file that holds what is found. */
  readonly files: Readonly<Record<string, string | ((path: string) => void | Promise<void>)>>;
  readonly env?: Readonly<Record<string, string>>;
  /** What is found: account or null, kind or null, provider, host, variable or server. */
  readonly found: readonly (readonly [account: string | null, kind: string | null, where: string])[];
  /** Every secret in it. */
  readonly secrets: readonly string[];
  /** What stays in the file when all of it is taken out: these texts. */
  readonly others?: readonly string[];
  /** Its first file is a database. */
  readonly database?: boolean;
}

export function writeFixture(home: string, { files }: Fixture): Promise<string[]> {
  return Promise.all(
    Object.entries(files).map(async ([name, content]) => {
      const path = join(home, name);
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      if (typeof content === "string") writeFileSync(path, content, { mode: 0o600 });
      else await content(path);
      return path;
    }),
  );
}

const AZ_CLIENT = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
const OID = "11111111-2222-3333-4444-555555555555";
const TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const HOME_ACCOUNT = `${OID}.${TENANT}`;
const MANAGEMENT =
  "https://management.core.windows.net//user_impersonation https://management.core.windows.net//.default";

/** `SerializableTokenCache.serialize()`, after one login. @param expiresOn seconds */
export function msalCache(tokens: { access: string; refresh: string; expiresOn: number; clientId?: string }): string {
  const { access, refresh, expiresOn, clientId = AZ_CLIENT } = tokens;
  const common = { home_account_id: HOME_ACCOUNT, environment: "login.microsoftonline.com", client_id: clientId };
  return JSON.stringify(
    {
      AccessToken: {
        [`${HOME_ACCOUNT}-login.microsoftonline.com-accesstoken-${clientId}-${TENANT}-${MANAGEMENT}`]: {
          credential_type: "AccessToken",
          secret: access,
          ...common,
          target: MANAGEMENT,
          realm: TENANT,
          token_type: "Bearer",
          cached_at: String(expiresOn - 4000),
          expires_on: String(expiresOn),
          extended_expires_on: String(expiresOn),
        },
      },
      Account: {
        [`${HOME_ACCOUNT}-login.microsoftonline.com-${TENANT}`]: {
          home_account_id: HOME_ACCOUNT,
          environment: "login.microsoftonline.com",
          realm: TENANT,
          local_account_id: OID,
          username: "ada@contoso.example",
          authority_type: "MSSTS",
        },
      },
      RefreshToken: {
        [`${HOME_ACCOUNT}-login.microsoftonline.com-refreshtoken-${clientId}--${MANAGEMENT}`]: {
          credential_type: "RefreshToken",
          secret: refresh,
          ...common,
          target: MANAGEMENT,
          last_modification_time: "1795746122",
          family_id: "1",
        },
      },
      AppMetadata: {},
    },
    null,
    4,
  );
}

export interface SentryRow {
  readonly host: string;
  readonly token: string;
  readonly refresh: string | null;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number | null;
}

/** `cli.db` of sentry 0.49, as it makes it. */
export function sentryDatabase(path: string, { host, token, refresh, expiresAt }: SentryRow, version = 21): void {
  const database = new Database(path, { create: true });
  database.exec(`CREATE TABLE schema_version (version INTEGER PRIMARY KEY);
    CREATE TABLE accounts (account_id TEXT PRIMARY KEY, host TEXT, user_id TEXT, email TEXT, username TEXT, name TEXT, token TEXT,
      refresh_token TEXT, expires_at INTEGER, issued_at INTEGER, is_active INTEGER NOT NULL DEFAULT 0,
      created_at INTEGER NOT NULL DEFAULT (unixepoch() * 1000), updated_at INTEGER NOT NULL DEFAULT (unixepoch() * 1000),
      last_used_at INTEGER NOT NULL DEFAULT (unixepoch() * 1000));
    CREATE TABLE project_cache (cache_key TEXT PRIMARY KEY, org_slug TEXT);
    INSERT INTO project_cache VALUES ('acme:web', 'acme')`);
  database.query("INSERT INTO schema_version VALUES (?)").run(version);
  database
    .query(
      "INSERT INTO accounts (account_id, host, user_id, email, name, token, refresh_token, expires_at, is_active) VALUES (?, ?, '7', 'ada@example.com', 'Ada', ?, ?, ?, 1)",
    )
    .run("01a21acf-320f-783d-b537-d0ba1a10c3bb", host, token, refresh, expiresAt);
  database.close();
}

/** diskcache's table (Python), with records as authsome seals them. */
async function authsomeStore(
  path: string,
  key: Uint8Array<ArrayBuffer>,
  records: Record<string, unknown>,
): Promise<void> {
  const database = new Database(path, { create: true });
  database.exec(`CREATE TABLE Settings (key TEXT NOT NULL UNIQUE, value);
    CREATE TABLE Cache (rowid INTEGER PRIMARY KEY, key BLOB, raw INTEGER, store_time REAL, expire_time REAL, access_time REAL,
      access_count INTEGER DEFAULT 0, tag BLOB, size INTEGER DEFAULT 0, mode INTEGER DEFAULT 0, filename TEXT, value BLOB)`);
  const insert = database.query("INSERT INTO Cache (key, raw, mode, value) VALUES (?, 1, 1, ?)");
  const put = (name: string, data: string): void =>
    void insert.run(name, JSON.stringify({ created_at: "2026-11-01T00:00:00Z", value: { data }, expires_at: null }));
  const sealing = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
  for (const [name, record] of Object.entries(records)) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const text = new TextEncoder().encode(JSON.stringify(record));
    const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, sealing, text));
    put(name, `${iv.toBase64()}.${sealed.toBase64()}`);
  }
  const keys = Object.keys(records).map((name) => name.split("::")[1]);
  put("vault:v1::__index__", JSON.stringify(keys));
  database.close();
}

const AUTHSOME_KEY = new Uint8Array(32).fill(7);
const SERVER = "https://mcp.example/sse";
export const SERVER_HASH = new Bun.CryptoHasher("md5").update(SERVER).digest("hex");
const MCP_FOLDER = ".mcp-auth/mcp-remote-v1";

export const FIXTURES: Readonly<Record<string, Fixture>> = {
  gh: {
    files: {
      ".config/gh/hosts.yml": `github.com:
    # of 2.40 and later
    git_protocol: https
    users:
        octocat:
            oauth_token: gho_octocat0123456789abcdefABCDEF000000
        hubot:
            oauth_token: gho_hubot0123456789abcdefABCDEF00000000
    user: octocat
    oauth_token: gho_octocat0123456789abcdefABCDEF000000
ghe.example:
    oauth_token: gho_mona0123456789abcdefABCDEF000000000
    user: mona
    git_protocol: ssh
keychain.example:
    user: ada
`,
    },
    found: [
      ["octocat", "access token", "github"],
      ["hubot", "access token", "github"],
      ["mona", "access token", "github"],
      ["ada", "access token", "github"],
    ],
    secrets: ["gho_octocat", "gho_hubot", "gho_mona"],
    others: ["# of 2.40 and later", "git_protocol: ssh", "keychain.example"],
  },
  gcloud: {
    files: {
      ".config/gcloud/application_default_credentials.json": JSON.stringify({
        account: "",
        client_id: "764086051850.apps.googleusercontent.example",
        client_secret: "GOCSPX-fixture-secret",
        refresh_token: "1//fixture-refresh-token-0123456789",
        type: "authorized_user",
        universe_domain: "googleapis.com",
      }),
    },
    found: [[null, "login", "google"]],
    secrets: ["GOCSPX-fixture-secret", "1//fixture-refresh"],
  },
  az: {
    files: {
      ".azure/msal_token_cache.json": msalCache({
        access: "az-access-1",
        refresh: "az-refresh-1",
        expiresOn: 4_000_000_000,
      }),
    },
    found: [["ada@contoso.example", "login", "entra"]],
    secrets: ["az-access-1", "az-refresh-1"],
    others: ['"username": "ada@contoso.example"', "AppMetadata"],
  },
  sentry: {
    files: {
      ".sentry/cli.db": (path) =>
        sentryDatabase(path, {
          host: "https://sentry.io",
          token: "access-fixture-1",
          refresh: "refresh-fixture-1",
          expiresAt: 4e12,
        }),
      ".sentryclirc":
        "[auth]\ntoken=sntryu_fixture0123456789abcdef0123456789\n\n[defaults]\nurl=https://sentry.example/\norg=acme\n",
    },
    found: [
      ["ada@example.com", "login", "sentry"],
      [null, "access token", "sentry"],
    ],
    secrets: ["access-fixture-1", "refresh-fixture-1", "sntryu_fixture"],
    others: ["org=acme", "acme:web"],
    database: true,
  },
  authsome: {
    files: {
      ".authsome/server/kv_store/cache.db": (path) =>
        authsomeStore(path, AUTHSOME_KEY, {
          "vault:v1::vault:v1:github:connection:work": {
            schema_version: 2,
            provider: "github",
            connection_name: "work",
            auth_type: "oauth2",
            access_token: "gho_authsome-access",
            refresh_token: "ghr_authsome-refresh",
            expires_at: "2099-01-01T00:00:00Z",
            scopes: ["repo"],
            account: { label: "octocat" },
          },
          "vault:v1::vault:v1:openai:connection:default": {
            schema_version: 2,
            provider: "openai",
            connection_name: "default",
            auth_type: "api_key",
            api_key: "sk-authsome-key",
          },
          "server::server:provider:github:client": {
            provider: "github",
            client_id: "Iv1.a",
            client_secret: "authsome-secret",
          },
        }),
      ".authsome/server/master.key": JSON.stringify({ version: 1, key: AUTHSOME_KEY.toBase64() }),
    },
    found: [
      ["octocat", "login", "github"],
      ["default", "key", "openai"],
    ],
    secrets: ["gho_authsome", "ghr_authsome", "sk-authsome", "authsome-secret", AUTHSOME_KEY.toBase64()],
    database: true,
  },
  "mcp-remote": {
    files: {
      [`${MCP_FOLDER}/${SERVER_HASH}_tokens.json`]: JSON.stringify({
        access_token: "mcp-access-1",
        token_type: "Bearer",
        expires_in: 3600,
        refresh_token: "mcp-refresh-1",
        expires_at: 1,
      }),
      [`${MCP_FOLDER}/${SERVER_HASH}_client_info.json`]: JSON.stringify({
        client_id: "registered-1",
        redirect_uris: [],
      }),
      ".cursor/mcp.json": JSON.stringify({ mcpServers: { example: { command: "npx", args: ["mcp-remote", SERVER] } } }),
    },
    found: [[null, "login", SERVER]],
    secrets: ["mcp-access-1", "mcp-refresh-1"],
  },
  "claude-code": {
    files: {
      ".claude/.credentials.json": JSON.stringify({
        claudeAiOauth: { accessToken: "sk-ant-oat01-fixture", refreshToken: "sk-ant-ort01-fixture", expiresAt: 4e12 },
        mcpOAuth: {
          "linear|1a2b": {
            serverName: "linear",
            serverUrl: SERVER,
            clientId: "registered-2",
            accessToken: "claude-mcp-access",
            refreshToken: "claude-mcp-refresh",
            expiresAt: 1,
            scope: "read write",
          },
          "other|3c4d": { serverName: "other", serverUrl: "https://other.example/mcp", accessToken: "", expiresAt: 0 },
        },
      }),
    },
    found: [
      [null, null, "anthropic"],
      ["linear", "login", SERVER],
    ],
    secrets: ["sk-ant-oat01", "sk-ant-ort01", "claude-mcp-access", "claude-mcp-refresh"],
    others: ["sk-ant-ort01-fixture", "other|3c4d"],
  },
  codex: {
    files: {
      ".codex/auth.json": `${JSON.stringify({ OPENAI_API_KEY: "sk-codex-fixture-0123456789", tokens: { access_token: "codex-access", refresh_token: "codex-refresh", account_id: "acct-1" }, last_refresh: "2026-11-01T00:00:00Z" }, null, 2)}\n`,
      ".codex/.credentials.json": JSON.stringify({
        "linear|abc": {
          server_name: "linear",
          server_url: SERVER,
          client_id: "registered-3",
          access_token: "codex-mcp-access",
          expires_at: 1,
          refresh_token: "codex-mcp-refresh",
          scopes: ["read"],
        },
      }),
    },
    found: [
      ["codex", "key", "openai"],
      ["acct-1", null, "openai"],
      ["linear", "login", SERVER],
    ],
    secrets: ["sk-codex-fixture", "codex-access", "codex-refresh", "codex-mcp-access", "codex-mcp-refresh"],
    others: ["codex-refresh", "last_refresh"],
  },
  netrc: {
    files: {
      ".netrc": `# machine commented.example login no password no
machine github.com login octocat password ghp_netrc0123456789abcdefghijABCDEFGH
machine files.example
  login ada
  password "pass \\"word\\" 1"

macdef init
machine no.example login no password no

default login anonymous password me@example.com
`,
    },
    found: [
      ["octocat", "key", "github.com"],
      ["ada", "key", "files.example"],
    ],
    secrets: ["ghp_netrc", 'pass "word" 1', "pass \\"],
    others: ["# machine commented.example", "macdef init", "default login anonymous"],
  },
  npmrc: {
    files: {
      ".npmrc": `registry=https://registry.npmjs.org/
//registry.npmjs.org/:_authToken=npm_fixture0123456789abcdefghijABCDEF
//npm.example/team/:_authToken="quoted-fixture-token"
//env.example/:_authToken=\${NPM_TOKEN}
//basic.example/:_auth=YWRhOnBhc3N3b3Jk
`,
    },
    found: [
      [null, "key", "registry.npmjs.org"],
      [null, "key", "npm.example"],
      [null, null, "env.example"],
      [null, null, "basic.example"],
    ],
    secrets: ["npm_fixture", "quoted-fixture-token", "YWRhOnBhc3N3b3Jk"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: npm's own
    others: ["registry=https://registry.npmjs.org/", "${NPM_TOKEN}", "_auth="],
  },
  env: {
    files: {
      ".env": `# a project's
OPENAI_API_KEY=sk-dotenv-fixture-0123456789
export SENTRY_AUTH_TOKEN='sntryu_dotenv0123456789abcdef0123456789' # of CI
SOME_TOKEN="with spaces"
EMPTY_TOKEN=
EXAMPLE_TOKEN=your-token-here
OTHER_TOKEN=\${SOME_TOKEN}
CLIENT_SECRET=not-a-token
AUTH_KEY_TOKEN=ours
PORT=8080
`,
    },
    found: [
      [null, "key", "OPENAI_API_KEY"],
      [null, "key", "SENTRY_AUTH_TOKEN"],
      [null, "key", "SOME_TOKEN"],
      [null, null, "OTHER_TOKEN"],
      [null, null, "CLIENT_SECRET"],
    ],
    secrets: ["sk-dotenv-fixture", "sntryu_dotenv", "with spaces"],
    others: ["# a project's", "CLIENT_SECRET=not-a-token", "PORT=8080"],
  },
};
