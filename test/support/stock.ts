/**
 * A home with a few logins that need no issuer, to be spoiled and then found unharmed. Copying one is cheaper than
 * making one.
 */
import { expect } from "bun:test";
import { cpSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { AUTH, auth, bareEnvironment, type Ended, type RunOptions, run, tempFolder } from "./program.ts";

export const KEYS = { "apikey:one": "sk-stock-one-1111", "apikey:two": "sk-stock-two-2222" } as const;
export const PASTED = "sentry-pasted-token-3333";

export class Stock {
  readonly env: Record<string, string>;

  constructor(env: Record<string, string>) {
    this.env = env;
  }

  get home(): string {
    return this.env.AUTH_HOME ?? "";
  }

  get vault(): string {
    return join(this.home, "vault.db");
  }

  get key(): string {
    return join(this.home, "key");
  }

  call(args: readonly string[], { env, ...rest }: RunOptions = {}): Promise<Ended> {
    return auth(args, { ...rest, env: { ...this.env, ...env } });
  }

  /** A shell line in this home, in which `$AUTH` is the product. */
  shell(line: string, { env, ...rest }: RunOptions = {}): Promise<Ended> {
    return run(["sh", "-c", line], { ...rest, env: { ...this.env, AUTH, ...env } });
  }

  /** The same home elsewhere. */
  copy(): Stock {
    const home = tempFolder();
    cpSync(this.env.HOME ?? "", home, { recursive: true });
    return new Stock({ ...this.env, HOME: home, AUTH_HOME: join(home, "auth") });
  }

  /** The vault opens, and holds what it held: nothing lost, nothing added, nothing lying about. */
  async expectUnchanged(): Promise<void> {
    const { stdout, stderr } = await this.call(["list", "--json"]);
    expect({ stderr, list: stdout === "" ? [] : JSON.parse(stdout) }).toMatchObject({
      stderr: "",
      list: [{ connection: "apikey:one" }, { connection: "apikey:two" }, { connection: "sentry:default" }],
    });
    for (const [connection, key] of Object.entries(KEYS))
      expect((await this.call(["token", connection])).stdout).toBe(`${key}\n`);
    expect((await this.call(["token", "sentry"])).stdout).toBe(`${PASTED}\n`);
    expect(strayFiles(this.home)).toEqual([]);
  }
}

/** A vault whose key is in a key file, holding `KEYS` and a pasted token. */
export async function makeStock(env: RunOptions["env"] = {}): Promise<Stock> {
  const stock = new Stock(bareEnvironment(env));
  for (const [connection, key] of Object.entries(KEYS))
    expect((await stock.call(["login", connection, "--token", "-"], { stdin: key })).code).toBe(0);
  const pasted = await stock.call(["login", "sentry", "--token", "-", "--no-verify"], { stdin: PASTED });
  expect(pasted.code).toBe(0);
  return stock;
}

/** Every file under a folder, by its path in it. */
export function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => !lstatSync(join(folder, path)).isDirectory())
    .sort();
}

/** What is neither the vault, nor its key, nor a lock, nor a log. */
export function strayFiles(home: string): string[] {
  return filesUnder(home).filter(
    (path) =>
      !/^(key|vault\.db(-journal)?|audit\.jsonl|logs\/auth\.log|vault\.locks\/[\w.]+\.(lock|reply))$/.test(path),
  );
}

/**
 * The content of every file, to be compared later. SQLite's journal comes and goes, lock files stay for good and
 * are empty, logs grow, and a key that was not needed after all leaves a blank line.
 */
export function bytesUnder(folder: string): Record<string, string> {
  const files = filesUnder(folder).filter((path) => !/-journal$|\.lock$|^audit\.jsonl$|^logs/.test(path));
  return Object.fromEntries(files.map((path) => [path, contentOf(join(folder, path)).toString("base64")]));
}

function contentOf(path: string): Buffer {
  const bytes = readFileSync(path);
  return basename(path) === "key" ? Buffer.from(bytes.toString("latin1").replace(/^ *\n/gm, ""), "latin1") : bytes;
}
