/**
 * `auth __complete <index> [words…]`: what the scripts of `auth completion` call at each Tab. The words come after `auth`, and
 * the one with that index (from 1, as shells count) is at the cursor. The answer, on stdout:
 *
 *     <also>                      nothing, `files` or `command <index>` (`Offer`)
 *     <candidate>\t<description>  each replaces the whole word
 *
 * A Tab must not disturb: no prompt, no message, no network, nothing written; on any mistake the answer is empty.
 */
import type { Context, Environment } from "../../platform/context.ts";
import { escapeText } from "../../platform/escape.ts";
import { pathsFor } from "../../platform/paths.ts";
import { installedIds } from "../../providers/plugins/place.ts";
import type { Cli } from "../context.ts";
import { type Lookups, type Offer, offer } from "./candidates.ts";
import { placeIn } from "./line.ts";
import type { ProviderEntry } from "./provider-entry.ts";
import { commandTree, providerTable } from "./table.ts" with { type: "macro" };
import type { ProviderTable, Tree } from "./table.ts";

/** Milliseconds for the vault, which may be busy. */
const DEADLINE = 500;
/** The part of them to read the vault: about ten thousand connections. */
const READING = 250;

/**
 * Candidates are inserted into a command line unquoted, so only characters that are special to no shell are allowed. A
 * plugin's scopes may have others.
 */
const SAFE = /^[A-Za-z0-9_-][A-Za-z0-9_.@+/:=,%-]*$/;

/** @returns the exit code, always 0 */
export async function answer({ context, output }: Cli, [index, ...words]: readonly string[]): Promise<number> {
  const at = Number(index) - 1;
  if (!Number.isSafeInteger(at) || at < 0) return 0;
  const found = await offerAt(context.env, words.slice(0, at), words[at] ?? "").catch(() => null);
  if (found !== null) await output.lines(linesOf(found)).catch(() => {});
  return 0;
}

async function offerAt(env: Environment, words: readonly string[], current: string): Promise<Offer> {
  const tree = JSON.parse(await commandTree()) as Tree;
  return offer(tree, placeIn(tree, words, current), current, lookupsIn(env));
}

function linesOf({ also, candidates }: Offer): string[] {
  const lines = [...candidates].filter(([value]) => SAFE.test(value));
  return [also, ...lines.map(([value, description]) => `${value}\t${escapeText(description)}`)];
}

function lookupsIn(env: Environment): Lookups {
  const context = silentContext(env);
  const providers = once(async () => JSON.parse(await providerTable()) as ProviderTable);
  const installed = once(async () => installedIds(context.paths.providers));
  const connections = once(async () => {
    const { namesAtHand } = await import("../../vault/names.ts");
    return Promise.race([namesAtHand(context, "connection", READING), Bun.sleep(DEADLINE).then(() => [])]);
  });
  return { providers, installed: orNone(installed), connections: orNone(connections), describe };

  /** Reads manifests only: the code of a module isn't run, and no pin is read from the vault. */
  async function describe(id: string): Promise<ProviderEntry | null> {
    const { createRegistry } = await import("../../providers/registry.ts");
    const { builtIn } = await import("../../../providers/index.ts");
    const { providerEntry } = await import("./provider-entry.ts");
    const plugins = { folder: () => context.paths.providers, pin: async () => null, passedOver: () => {} };
    const registry = createRegistry({ builtIn, catalog: () => import("../../../providers/catalog/index.ts"), plugins });
    return registry.get(id).then(providerEntry, () => null);
  }
}

/** Where reading fails, the other candidates are still offered. */
function orNone<T>(read: () => Promise<readonly T[]>): () => Promise<readonly T[]> {
  return () => read().catch(() => []);
}

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let found: Promise<T> | undefined;
  return () => {
    found ??= read();
    return found;
  };
}

function silentContext(env: Environment): Context {
  return {
    env,
    get paths() {
      return pathsFor(env, process.platform);
    },
    http: () => Promise.reject(new Error("completion uses no network")),
    now: Date.now,
    debug: () => {},
    audit: async () => {},
    warn: () => {},
  };
}
