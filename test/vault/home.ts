/** A home of its own for each test, a context over it, and other processes that use the same home. */

import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Context, Environment } from "../../src/platform/context.ts";
import { pathsFor } from "../../src/platform/paths.ts";
import { initVault } from "../../src/vault/create.ts";
import { openVault } from "../../src/vault/store.ts";
import type { Change, RecordType, Vault, Version } from "../../src/vault/types.ts";

export interface Home {
  readonly folder: string;
  readonly file: string;
  readonly key: string;
  /** What `Context.warn` was told. */
  readonly warnings: string[];
  /** A context with these variables beside AUTH_HOME. */
  context(env?: Environment): Context;
  /** Opens the vault, made where there is none, with a key from AUTH_KEY. */
  open(): Promise<Vault>;
  [Symbol.dispose](): void;
}

export const KEY = "Tm90IGEgc2VjcmV0OiBhIGtleSBmb3IgdGVzdHMhISE=";

/** @param name what the folder's name begins with */
export function newHome(name = "auth-vault-"): Home {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), name)));
  const warnings: string[] = [];
  const context = (env: Environment = {}): Context => {
    const all = { AUTH_HOME: folder, PATH: process.env.PATH, ...env };
    return {
      env: all,
      paths: pathsFor(all, process.platform),
      now: () => Date.now(),
      debug: () => {},
      audit: async () => {},
      warn: (message) => warnings.push(message),
      http: () => Promise.reject(new Error("the vault asks no network")),
    };
  };
  return {
    folder,
    file: join(folder, "vault.db"),
    key: join(folder, "key"),
    warnings,
    context,
    open: async () => openOrMake(context({ AUTH_KEY: KEY })),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The vault, made where there is none. */
export async function openOrMake(context: Context): Promise<Vault> {
  await initVault(context);
  return (await openVault(context)) as Vault;
}

export function version(generation: number, incarnation = "ab".repeat(16)): Version {
  return { incarnation, generation };
}

/** A change that makes a record, or leads it from one generation to the next. */
export function put(name: string, generation: number, body: string, type: RecordType = "connection"): Change {
  const expected = generation === 1 ? null : version(generation - 1);
  return { type, name, expected, next: { version: version(generation), body } };
}

export function erase(name: string, generation: number, type: RecordType = "connection"): Change {
  return { type, name, expected: version(generation), next: null };
}

/** The code of the AuthError that `work` ends with, and its words. */
export async function refusal(work: Promise<unknown>): Promise<{ code: string; text: string }> {
  try {
    await work;
  } catch (error) {
    const { code, message, hint } = error as { code: string; message: string; hint?: string };
    return { code, text: `${message}\n${hint ?? ""}` };
  }
  throw new Error("nothing was refused");
}

/** Another program that uses the vault: `actor.ts`, told what to do, its lines as they come. */
export function actor(home: Home, what: string, env: Environment = { AUTH_KEY: KEY }, ...wrapper: string[]) {
  const child = Bun.spawn([...wrapper, process.execPath, join(import.meta.dir, "actor.ts"), what], {
    env: { PATH: process.env.PATH, AUTH_HOME: home.folder, ...env },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    child,
    /** The next line it prints; throws when it ends instead. */
    async line(): Promise<string> {
      for (;;) {
        const end = text.indexOf("\n");
        if (end >= 0) {
          const line = text.slice(0, end);
          text = text.slice(end + 1);
          return line;
        }
        const { value, done } = await reader.read();
        if (done) throw new Error(`the other process ended: ${text}`);
        text += value;
      }
    },
    /** Lets it go on. */
    go(): void {
      child.stdin.write("go\n");
      child.stdin.flush();
    },
  };
}
