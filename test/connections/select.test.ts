/**
 * Which connection is meant (CLI.md §1), as a table: every mix of stored connections, choices made with `auth use`,
 * AUTH_PROFILE, `-p`, tokens in the environment and `--stored`, against the rule written out a second time.
 */
import { describe, expect, test } from "bun:test";
import { type Defaults, meaningsOf, updateDefaults } from "../../src/connections/defaults.ts";
import { encodeRecord, newConnection } from "../../src/connections/record.ts";
import { display } from "../../src/connections/ref.ts";
import { type Selector, select } from "../../src/connections/select.ts";
import type { Context } from "../../src/platform/context.ts";
import { AuthError } from "../../src/platform/errors.ts";
import { createRegistry } from "../../src/providers/registry.ts";
import { MemoryVault } from "./memory-vault.ts";

const registry = createRegistry({
  builtIn: Object.fromEntries(
    ["acme", "blob"].map((id) => [
      id,
      async () => ({
        default: {
          id,
          title: id,
          environment: { read: [`${id.toUpperCase()}_TOKEN`], write: { [`${id.toUpperCase()}_TOKEN`]: "{token}" } },
          flows: ["token"] as const,
        },
      }),
    ]),
  ),
});

const STORED: readonly (readonly string[])[] = [
  [],
  ["acme:default"],
  ["acme:work"],
  ["acme:work", "acme:home"],
  ["acme:default", "acme:work"],
  ["acme:work", "blob:work"],
  ["acme:home", "acme:work", "blob:default"],
  ["blob:home"],
];
/** As `auth use` leaves them, also where a choice was logged out of since. */
const CHOSEN: readonly (readonly string[])[] = [
  [],
  ["acme:work"],
  ["blob:home"],
  ["acme:gone"],
  ["acme:work", "blob:work"],
];
const ARGUMENTS = [undefined, "acme", "acme:work", "acme:gone"];
const PROFILES = [undefined, "work", "gone"];
const SETS: readonly Readonly<Record<string, string>>[] = [
  {},
  { ACME_TOKEN: "t" },
  { ACME_TOKEN: "t", BLOB_TOKEN: "t" },
];

interface Case extends Selector {
  readonly all: readonly string[];
  readonly defaults: Defaults;
  readonly env: Readonly<Record<string, string>>;
}

function* cases(): Generator<Case> {
  for (const all of STORED)
    for (const chosen of CHOSEN)
      for (const argument of ARGUMENTS)
        for (const profile of PROFILES)
          for (const set of SETS)
            for (const named of [{}, { AUTH_PROFILE: " work " }, { AUTH_PROFILE: " " }, { AUTH_IGNORE_ENV: "1" }])
              for (const stored of [false, true])
                yield { all, defaults: defaultsOf(chosen), argument, profile, stored, env: { ...set, ...named } };
}

function defaultsOf(chosen: readonly string[]): Defaults {
  const pairs = chosen.map((name) => name.split(":") as [string, string]);
  return { format: 1, overall: chosen.at(-1) ?? null, providers: Object.fromEntries(pairs) };
}

async function vaultWith({ all, defaults }: Case): Promise<MemoryVault> {
  const vault = new MemoryVault();
  for (const name of all) {
    const [provider = "", own = ""] = name.split(":");
    const version = { incarnation: name, generation: 1 };
    const body = encodeRecord(newConnection(provider, own, 0));
    await vault.commit([{ type: "connection", name, expected: null, next: { version, body } }]);
  }
  await updateDefaults(vault, () => defaults);
  return vault;
}

/** `acme:work`, `env:acme`, or the code of the error. */
async function selected(one: Case): Promise<string> {
  const vault = await vaultWith(one);
  const context = { env: one.env } as unknown as Context;
  try {
    const found = await select({ context, registry, vault: async () => vault }, one);
    return found.source === "vault" ? display(found.ref) : `env:${found.provider}`;
  } catch (error) {
    if (error instanceof AuthError) return error.code;
    throw error;
  }
}

/** The contract, read out loud. */
function expected({ all, defaults, argument, profile, stored, env }: Case): string {
  const inEnvironment = (provider: string): boolean =>
    !stored && env.AUTH_IGNORE_ENV === undefined && env[`${provider.toUpperCase()}_TOKEN`] !== undefined;
  const ofProvider = (provider: string): string => {
    if (inEnvironment(provider)) return `env:${provider}`;
    const own = all.filter((name) => name.startsWith(`${provider}:`));
    const chosen = `${provider}:${defaults.providers[provider]}`;
    if (own.includes(chosen)) return chosen;
    if (own.includes(`${provider}:default`)) return `${provider}:default`;
    if (own.length > 1) return "ambiguous_connection";
    return own[0] ?? `${provider}:default`;
  };
  if (argument?.includes(":")) return profile === undefined || argument.endsWith(`:${profile}`) ? argument : "usage";
  const name = profile ?? (env.AUTH_PROFILE?.trim() || undefined);
  if (argument !== undefined) return name === undefined ? ofProvider(argument) : `${argument}:${name}`;
  if (name !== undefined) {
    const those = all.filter((one) => one.endsWith(`:${name}`));
    if (those.length > 1) return "ambiguous_connection";
    return those[0] ?? "connection_not_found";
  }
  if (defaults.overall !== null && all.includes(defaults.overall)) {
    const [provider = ""] = defaults.overall.split(":");
    return inEnvironment(provider) ? `env:${provider}` : defaults.overall;
  }
  const providers = ["acme", "blob"].filter((id) => inEnvironment(id) || all.some((one) => one.startsWith(`${id}:`)));
  if (providers.length > 1) return "ambiguous_connection";
  return providers[0] === undefined ? "connection_not_found" : ofProvider(providers[0]);
}

test("every mix of what is stored, chosen, named and set means what the contract says", async () => {
  const wrong: unknown[] = [];
  let count = 0;
  for (const one of cases()) {
    count++;
    const [got, wanted] = [await selected(one), expected(one)];
    if (got !== wanted) wrong.push({ ...one, got, wanted });
  }
  expect(count).toBeGreaterThan(10_000);
  expect(wrong.slice(0, 3)).toEqual([]);
});

test("what is marked as a default is what the name, or no name, means", async () => {
  const wrong: unknown[] = [];
  for (const one of cases()) {
    if (one.argument !== undefined || one.profile !== undefined || one.env.AUTH_PROFILE !== undefined) continue;
    const refs = one.all.map((name) => ({ provider: name.split(":")[0] ?? "", name: name.split(":")[1] ?? "" }));
    const set = ["acme", "blob"].filter(
      (id) => !one.stored && !one.env.AUTH_IGNORE_ENV && one.env[`${id.toUpperCase()}_TOKEN`],
    );
    const { overall, providers } = meaningsOf(refs, one.defaults, set);
    const shown = (meaning: string): string | null => (/^\w+_/.test(meaning) ? null : meaning.replace(/^env:/, ""));
    if (overall !== shown(await selected(one))) wrong.push({ ...one, overall });
    for (const id of new Set([...set, ...refs.map(({ provider }) => provider)])) {
      const meant = shown(await selected({ ...one, argument: id }));
      if ((providers.get(id) ?? null) !== meant) wrong.push({ ...one, id, marked: providers.get(id), meant });
    }
  }
  expect(wrong.slice(0, 3)).toEqual([]);
});

describe("several, and none is chosen", () => {
  const several: Case = { ...[...cases()][0], all: ["acme:home", "acme:work"], stored: false } as Case;

  async function errorOf(one: Partial<Case>): Promise<AuthError> {
    const vault = await vaultWith({ ...several, ...one });
    const context = { env: {} } as unknown as Context;
    return select({ context, registry, vault: async () => vault }, { ...several, ...one }).then(
      () => expect.unreachable(),
      (error) => error,
    );
  }

  test("the error lists them, and says how one is chosen", async () => {
    const { message, hint } = await errorOf({ argument: "acme" });
    expect(message).toBe("Which connection? There are several at acme.");
    expect(hint).toBe("Name one of: acme:home, acme:work\nOr choose a default: auth use acme:home");
  });

  test("of one name at several providers: no default would help", async () => {
    const { hint } = await errorOf({ all: ["acme:work", "blob:work"], profile: "work" });
    expect(hint).toBe("Name one of: acme:work, blob:work");
  });
});
