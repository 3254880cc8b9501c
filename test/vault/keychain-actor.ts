/** What a test does inside a session with a keyring: each argument is a step, each step prints a line or two. */

import { writeSync } from "node:fs";
import { madeVault } from "../../src/cli/vault.ts";
import type { Context } from "../../src/platform/context.ts";
import { pathsFor } from "../../src/platform/paths.ts";
import type { Bytes } from "../../src/vault/bytes.ts";
import { initVault } from "../../src/vault/create.ts";
import { HEADER_KEY, parseHeader } from "../../src/vault/header.ts";
import { rekeyVault } from "../../src/vault/rekey.ts";
import { openSqlite } from "../../src/vault/sqlite.ts";
import { vaultStatus } from "../../src/vault/status.ts";
import { openVault } from "../../src/vault/store.ts";

const env = { ...process.env };
const context: Context = {
  env,
  paths: pathsFor(env, process.platform),
  now: () => Date.now(),
  audit: async () => {},
  debug: () => {},
  warn: (message) => say(`warning: ${message}`),
  http: () => Promise.reject(new Error("the vault asks no network")),
};

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

/** Names of the entries that this session's vaults had, in their order. */
const names: string[] = [];

/** The entry that the vault's header asks for now. */
async function remember(): Promise<void> {
  const driver = await openSqlite(context.paths.vault);
  const { vaultId, keyId } = parseHeader((await driver?.getItemRaw?.(HEADER_KEY, {})) as Bytes);
  driver?.close();
  const name = `vault ${vaultId} ${keyId}`;
  if (!names.includes(name)) names.push(name);
}

const steps: Record<string, () => Promise<void>> = {
  async create() {
    const created = await initVault(context);
    if (created !== null) say(madeVault(context, created));
    const vault = await openVault(context);
    say(vault?.id ?? "none");
    vault?.close();
  },
  async open() {
    const vault = await openVault(context);
    say(vault?.id ?? "none");
    vault?.close();
  },
  async status() {
    say((await vaultStatus(context))?.keySource ?? "none");
  },
  /** Which of the entries are there, oldest first. */
  async entries() {
    await remember();
    const found = await Promise.all(names.map((name) => Bun.secrets.get({ service: "auth", name })));
    say(found.map((value) => (value === null ? "gone" : "there")).join(" "));
  },
  async forget() {
    await remember();
    for (const name of names) await Bun.secrets.delete({ service: "auth", name });
    say(`forgot ${names.length}`);
  },
  async rekey() {
    const { epoch, source } = await rekeyVault(context, {});
    say(`${epoch} ${source}`);
  },
  async "rekey-file"() {
    const { epoch, source } = await rekeyVault(context, { source: "file" });
    say(`${epoch} ${source}`);
  },
};

for (const step of process.argv.slice(2)) {
  try {
    await steps[step]?.();
  } catch (error) {
    say(`${(error as { code?: string }).code} ${(error as Error).message}`);
  }
}
process.exit(0);
