/**
 * What every manifest of the catalogue promises. It says that each is whole and at odds with no other one; whether the
 * provider really is as described, only its documentation can tell.
 */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { parse as parseToml } from "smol-toml";
import { catalog } from "../../providers/catalog/index.ts";
import { redirectUriOf } from "../../src/providers/defaults.ts";
import { flowsOf } from "../../src/providers/flows.ts";
import { parseDefinition } from "../../src/providers/parse.ts";
import { matches } from "../../src/providers/pattern.ts";
import { resolveProvider } from "../../src/providers/resolve.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { namesIn } from "../../src/providers/template.ts";
import { definitions as builtIns } from "./builtin.ts";
import { SAMPLES } from "./catalog-samples.ts";

const folder = new URL("../../providers/catalog/", import.meta.url);
const files = readdirSync(folder)
  .filter((name) => name.endsWith(".toml"))
  .sort();
const manifests = await Promise.all(
  Object.entries(catalog).map(async ([id, load]) => ({ id, definition: (await load()).default, text: textOf(id) })),
);

/** What a connection to a built-in provider must say at least. */
const BUILT_IN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  oidc: { issuer: "https://issuer.example" },
  "sentry-app": { installation: "7a485448-a9e2-4c85-8a3c-4f44175783c9" },
  "azure-devops": { redirectUri: "https://app.example/callback" },
  appstoreconnect: { keyId: "2X9R4HXF34" },
};

test("the index lists the files of the folder, in their order", () => {
  expect(Object.keys(catalog).map((id) => `${id}.toml`)).toEqual(files);
});

test("there are at least sixty", () => {
  expect(files.length).toBeGreaterThanOrEqual(60);
});

test("the samples are those of the required settings", () => {
  for (const { id, definition } of manifests) {
    const declared = definition.settings ?? {};
    const required = Object.keys(declared).filter((name) => declared[name]?.required);
    expect({ id, settings: Object.keys(SAMPLES[id] ?? {}) }).toEqual({ id, settings: required });
  }
});

test("those whose id_token lacks the nonce ask for none, and the others for one wherever they ask for openid", () => {
  const asking = manifests.filter(({ definition }) => definition.scopes?.default?.includes("openid"));
  const without = asking.filter(({ definition }) => definition.authorize?.nonce === "never");
  expect(without.map(({ id }) => id)).toEqual(["linkedin", "quickbooks"]);
});

for (const { id, definition, text } of manifests)
  describe(id, () => {
    const resolved = resolveProvider(definition, SAMPLES[id] ?? {});
    const flows = flowsOf(definition).map(({ flow }) => flow);

    test("is sound, and named as its file", () => {
      expect(parseDefinition(definition, `${id}.toml`)).toEqual(definition);
      expect(definition.id).toBe(id);
    });

    test("says the same to Bun's parser and to the one that reads manifests of others", () => {
      expect(definition).toEqual(parseToml(text) as unknown as ProviderDefinition);
    });

    test("every address is https, and its tokens have somewhere to go", () => {
      for (const url of [...Object.values(resolved.endpoints), ...resolved.origins, resolved.issuer ?? "https://x"])
        expect(url).toStartWith("https://");
      expect(resolved.origins.length + (resolved.issuer === null ? 0 : 1)).toBeGreaterThan(0);
    });

    test("its file begins with what is special about it, and names the page it is made from", () => {
      expect(text).toMatch(/^# \S/);
      expect(definition.docs).toStartWith("https://");
    });

    test("what is not known about its refresh is marked as unknown", () => {
      if (!flows.some((flow) => flow === "browser" || flow === "device")) return;
      const known = definition.refresh?.rotation !== undefined;
      expect({ known, marked: /^# refresh\.rotation: /m.test(text) }).toEqual({ known, marked: !known });
    });

    test("someone without a client is told where to create one, and which redirect to enter", () => {
      if (!flows.includes("browser")) return;
      const { create, notes, redirectUri } = resolved.client;
      const dialectRedirect = redirectUriOf(resolved.dialect);
      expect(redirectUri).toBe(
        definition.settings?.redirectUri?.required ? "https://app.example/callback" : dialectRedirect,
      );
      expect(create).toStartWith("https://");
      expect(notes.join("\n")).toMatch(/redirect|callback/i);
      // A note that names a loopback address names the very one that is sent.
      for (const [address] of notes.join("\n").matchAll(/http:\/\/[^\s,)]+[^\s,.):;]/g))
        expect(address).toBe(dialectRedirect);
    });

    test("someone without a key is told where to make one", () => {
      if (flows.includes("token")) expect(resolved.apiKey?.create).toStartWith("https://");
    });

    test("an error that it explains is explained in full", () => {
      for (const [code, entry] of Object.entries(definition.errors?.codes ?? {})) {
        if (typeof entry === "string") continue;
        expect({ code, whole: entry.meaning?.endsWith(".") ?? false }).toEqual({ code, whole: true });
        if (entry.class === "dead" || entry.class === "interaction") expect(entry.remedy).toBeString();
      }
    });

    test("no pattern of its tokens takes ordinary text", () => {
      for (const pattern of definition.tokenPatterns ?? [])
        for (const word of ["hello-world", "this_is_an_identifier", "/usr/share/doc/README.md", "0123456789abcdef"])
          expect({ pattern, word, taken: matches(pattern, word) }).toEqual({ pattern, word, taken: false });
    });
  });

describe("token patterns recognise", () => {
  const hex = "0123456789abcdef";
  const letters = "a1B2c3D4e5";
  const samples: [string, string, string][] = [
    ["anthropic", "an API key", `sk-ant-api03-${letters.repeat(9)}AA`],
    ["atlassian", "nothing: its tokens are JWTs", ""],
    ["airtable", "a personal token", `pat${letters}a1B2.${hex.repeat(4)}`],
    ["digitalocean", "a refresh token", `dor_v1_${hex.repeat(4)}`],
    ["docusign", "nothing: its tokens are JWTs", ""],
    ["fly", "a macaroon", `fm2_lJPE${letters.repeat(15)}/+==`],
    ["gitlab", "a personal token", `glpat-${letters.repeat(2)}`],
    ["gitlab", "a routable personal token, with a dot", `glpat-${letters.repeat(4)}.01.0z1a2b3c4`],
    ["huggingface", "a user token", `hf_${letters.repeat(4)}`],
    ["linear", "an API key", `lin_api_${letters.repeat(4)}`],
    ["npm", "a granular token", `npm_${letters.repeat(4)}`],
    ["notion", "a connection's token", `ntn_12345678901${letters.repeat(4)}`],
    ["openai", "a project's key", `sk-proj-${letters.repeat(10)}_T3BlbkFJ${letters.repeat(4)}`],
    ["pypi", "an upload token", `pypi-AgEIcHlwaS5vcmc${letters.repeat(12)}`],
    ["pulumi", "an access token", `pul-${hex.repeat(3)}`],
    ["sendgrid", "an API key", `SG.${letters.repeat(2)}.${letters.repeat(4)}`],
    ["shopify", "an access token", `shpat_${hex.repeat(2)}`],
    ["slack", "a bot's token", `xoxb-123456789012-1234567890123-${letters.repeat(2)}`],
    ["slack", "a rotated token", `xoxe.xoxb-1-${letters.repeat(16)}`],
    ["slack", "a refresh token", `xoxe-1-${letters.repeat(14)}`],
    ["stripe", "a restricted key", `rk_live_${letters.repeat(9)}`],
    ["tailscale", "an OAuth client's secret", `tskey-client-${letters}CNTRL-${letters}`],
    ["terraform", "an API token", `${letters}a1B2.atlasv1.${letters.repeat(6)}`],
  ];
  for (const [id, what, token] of samples)
    test(`${id}: ${what}`, () => {
      const { tokenPatterns = [] } = manifests.find((manifest) => manifest.id === id)?.definition ?? {};
      expect(tokenPatterns.some((pattern) => matches(pattern, token))).toBe(token !== "");
    });
});

/** The first owner of each, with every later claim to it. Own claims don't count. */
function claimedTwice(claimsOf: (definition: ProviderDefinition) => Iterable<string>): string[] {
  const owner = new Map<string, string>();
  const clashes: string[] = [];
  for (const definition of [...builtIns, ...manifests.map((manifest) => manifest.definition)])
    for (const claim of new Set(claimsOf(definition))) {
      const other = owner.get(claim);
      if (other !== undefined) clashes.push(`${claim}: ${other} and ${definition.id}`);
      else owner.set(claim, definition.id);
    }
  return clashes;
}

describe("no provider takes what is another's", () => {
  /** Sentry and its integrations are one house: they share a host. */
  const shared = (clash: string) => !clash.endsWith("sentry and sentry-app");

  test("an id", () => {
    expect(claimedTwice(({ id }) => [id])).toEqual([]);
  });

  test("a variable to read or write", () => {
    expect(claimedTwice(variablesOf).filter(shared)).toEqual([]);
  });

  test("an origin", () => {
    expect(claimedTwice(originsOf).filter(shared)).toEqual([]);
  });
});

function* variablesOf(definition: ProviderDefinition): Generator<string> {
  for (const setting of Object.values(definition.settings ?? {})) yield* setting.env ?? [];
  yield* definition.client?.environment?.id ?? [];
  yield* definition.client?.environment?.secret ?? [];
  for (const group of [definition.environment, ...(definition.variants ?? []).map(({ environment }) => environment)]) {
    yield* group?.read ?? [];
    for (const name of Object.keys(group?.write ?? {})) if (namesIn(name).length === 0) yield name;
  }
  for (const minting of Object.values(definition.minting ?? {})) {
    yield* minting?.environment?.certificate ?? [];
    yield* minting?.environment?.subjectToken ?? [];
  }
  // What is written where nothing else is said.
  yield* Object.keys(resolved(definition).environment.write);
}

/** Those of every variant count, as far as they are made of no setting. */
function originsOf(definition: ProviderDefinition): string[] {
  const templates = (definition.variants ?? []).flatMap(({ endpoints = {}, origins = [] }) => [
    ...Object.values(endpoints),
    ...origins,
  ]);
  const fixed = templates.flatMap((template) => /^https:\/\/[^/{}]+(?=\/|$)/.exec(template ?? "")?.[0] ?? []);
  return [...resolved(definition).origins, ...fixed];
}

function resolved(definition: ProviderDefinition) {
  return resolveProvider(definition, SAMPLES[definition.id] ?? BUILT_IN[definition.id] ?? {});
}

function textOf(id: string): string {
  return readFileSync(new URL(`${id}.toml`, folder), "utf8");
}
