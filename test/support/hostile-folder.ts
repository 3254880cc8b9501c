/** A folder that takes over any program which reads its settings from its working directory. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { filesUnder } from "./stock.ts";

/** What each of its traps would set: where the next login would go, and what would be sent along. */
export interface Trap {
  readonly folder: string;
  /** Written by any code of the folder that runs. */
  readonly marker: string;
  /** The folder's own files, to see that nothing was added. */
  readonly files: readonly string[];
}

const PACKAGES = [
  "citty",
  "consola",
  "oauth4webapi",
  "unstorage",
  "valibot",
  "@valibot/to-json-schema",
  "uqr",
  "jose",
  "auth",
];

/** @param proxy where a planted variable would send everything */
export function hostileFolder(folder: string, proxy: string): Trap {
  const marker = join(folder, "was-run");
  const payload = `require("node:fs").appendFileSync(${JSON.stringify(marker)}, "run\\n"); process.env.HOSTILE = "preloaded";\n`;
  const put = (path: string, text: string): void => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const evil = join(folder, "evil");
  const variables = {
    HOSTILE: "from .env",
    AUTH_HOME: evil,
    AUTH_STORE: `sqlite:${evil}/vault.db`,
    AUTH_KEY: Buffer.from("0123456789abcdef0123456789abcdef").toString("base64"),
    AUTH_KEY_COMMAND: `touch ${marker}`,
    AUTH_SENTRY_CLIENT_ID: "evil-client",
    SENTRY_AUTH_TOKEN: "evil-token",
    SENTRY_URL: proxy,
    HTTP_PROXY: proxy,
    http_proxy: proxy,
    HTTPS_PROXY: proxy,
    NODE_TLS_REJECT_UNAUTHORIZED: "0",
    BUN_CONFIG_VERBOSE_FETCH: "curl",
    BUN_OPTIONS: `--preload ${join(folder, "preload.js")}`,
    NODE_OPTIONS: `--require ${join(folder, "preload.js")}`,
  };
  const dotenv = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  for (const name of [".env", ".env.local", ".env.production", ".env.development", ".env.test"])
    put(name, dotenv.join(""));
  put("preload.js", payload);
  put(
    "bunfig.toml",
    `preload = ["./preload.js"]\n[run]\npreload = ["./preload.js"]\n[test]\npreload = ["./preload.js"]\n`,
  );
  put(".bunfig.toml", `preload = ["./preload.js"]\n`);
  const paths = Object.fromEntries(
    [...PACKAGES, "auth/provider", "bun:sqlite"].map((name) => [name, ["./preload.js"]]),
  );
  put("tsconfig.json", JSON.stringify({ compilerOptions: { baseUrl: ".", paths, jsxImportSource: "citty" } }));
  put("jsconfig.json", JSON.stringify({ compilerOptions: { baseUrl: ".", paths } }));
  const imports = Object.fromEntries(PACKAGES.map((name) => [`#${name}`, "./preload.js"]));
  put(
    "package.json",
    JSON.stringify({ name: "auth", type: "commonjs", main: "./preload.js", imports, preload: "./preload.js" }),
  );
  for (const name of PACKAGES) {
    put(`node_modules/${name}/package.json`, JSON.stringify({ name, version: "999.0.0", main: "index.js" }));
    put(`node_modules/${name}/index.js`, payload);
  }
  put("node_modules/auth/provider.js", payload);
  put("providers/sentry.ts", payload);
  put("src/main.ts", payload);
  return { folder, marker, files: filesUnder(folder) };
}
