/** What every description that comes with the program promises: the built-in ones, and those of the catalogue. */
import { describe, expect, test } from "bun:test";
import { Glob } from "bun";
import { catalog } from "../../providers/catalog/index.ts";
import { redirectUriOf, withDefaults } from "../../src/providers/defaults.ts";
import { flowsOf } from "../../src/providers/flows.ts";
import { parseDefinition } from "../../src/providers/parse.ts";
import { matches } from "../../src/providers/pattern.ts";
import { resolveProvider } from "../../src/providers/resolve.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { namesIn } from "../../src/providers/template.ts";
import { definitions as builtIns } from "./builtin.ts";
import { REQUIRED } from "./required-settings.ts";

const inCatalogue = await Promise.all(Object.values(catalog).map(async (load) => (await load()).default));
const definitions = [...builtIns, ...inCatalogue];

function resolved(definition: ProviderDefinition) {
  return resolveProvider(definition, REQUIRED[definition.id] ?? {});
}

test("the settings that these tests give are those that are required", () => {
  for (const { id, settings = {} } of definitions) {
    const required = Object.keys(settings).filter((name) => settings[name]?.required);
    expect({ id, settings: Object.keys(REQUIRED[id] ?? {}) }).toEqual({ id, settings: required });
  }
});

for (const definition of definitions)
  describe(definition.id, () => {
    const provider = resolved(definition);
    const { client, dialect, endpoints, origins } = provider;
    const flows = flowsOf(definition).map(({ flow }) => flow);

    test("passes the schema and the check, and is data: it survives JSON unchanged", () => {
      expect(parseDefinition(definition, "built-in")).toEqual(definition);
      expect(JSON.parse(JSON.stringify(definition))).toEqual(definition);
    });

    test("every address is https, and tokens may go to the origin of every endpoint", () => {
      for (const url of [...Object.values(endpoints), ...origins]) expect(url).toStartWith("https://");
      for (const url of Object.values(endpoints)) expect(origins).toContain(new URL(url).origin);
    });

    test("a login without a client says where to create one and which redirect to enter", () => {
      const { id } = definition;
      if (definition.client === undefined || (Object.hasOwn(catalog, id) && !flows.includes("browser"))) return;
      const own = definition.settings?.redirectUri?.required ? provider.settings.redirectUri : redirectUriOf(dialect);
      expect(client.redirectUri).toBe(own ?? "");
      expect(client.notes.length).toBeGreaterThan(0);
      if ((definition.issuer ?? definition.resource) === undefined) expect(client.create).toStartWith("https://");
      // A note that names a loopback address with a path names the very one that is sent.
      for (const [address] of client.notes.join("\n").matchAll(/http:\/\/[^\s,)]+[^\s,.):;]/g))
        expect(address).toBe(redirectUriOf(dialect));
    });

    test("an error that it explains is explained in full, and one that someone can mend says how", () => {
      for (const [code, entry] of Object.entries(definition.errors?.codes ?? {})) {
        if (typeof entry === "string") continue;
        expect({ code, whole: entry.meaning?.endsWith(".") }).toEqual({ code, whole: true });
        if (entry.class === "dead" || entry.class === "interaction") expect(entry.remedy).toBeString();
      }
    });

    test("laying the defaults under it changes nothing that it says", () => {
      expect(withDefaults(definition)).toMatchObject(definition as object);
      expect(withDefaults(withDefaults(definition))).toEqual(withDefaults(definition));
    });

    test("no pattern of its tokens matches ordinary text", () => {
      const words = [
        ...["hello-world", "this_is_an_identifier", "/usr/share/doc/README.md", "0123456789abcdef"],
        ...["ghost_", "github_pat", "sntry", "1//", "hello world", "ghp_short"],
      ];
      for (const pattern of definition.tokenPatterns ?? [])
        for (const word of words)
          expect({ pattern, word, matched: matches(pattern, word) }).toEqual({ pattern, word, matched: false });
    });
  });

test("plugins import the public contract and nothing else", async () => {
  for await (const file of new Glob("*.ts").scan(new URL("../../providers", import.meta.url).pathname)) {
    const source = await Bun.file(new URL(`../../providers/${file}`, import.meta.url)).text();
    const imports = [...source.matchAll(/from "([^"]+)"|import\("([^"]+)"\)/g)].map(
      (match) => match[1] ?? match[2] ?? "",
    );
    const allowed = imports.filter(
      (name) => name === "auth/provider" || (file === "index.ts" && name.startsWith("./")),
    );
    expect({ file, imports }).toEqual({ file, imports: allowed });
  }
});

describe("token patterns recognise", () => {
  const hex = "0123456789abcdef";
  const letters = "a1B2c3D4e5";
  const samples: [string, string, string][] = [
    ["github", "an OAuth App's token", `gho_${"a1B2".repeat(9)}`],
    ["github", "a user token of a GitHub App", `ghu_${"a1B2".repeat(9)}`],
    ["github", "a refresh token", `ghr_${"a1B2".repeat(19)}`],
    ["github", "a long installation token with dots and dashes", `ghs_123456_${"eyJ-x_.".repeat(70)}`],
    ["github", "a fine-grained personal token", `github_pat_${"a1B2_".repeat(16)}`],
    ["google", "an access token", "ya29.a0AfH6SMBx-y_z.0"],
    ["google", "a refresh token", `1//${"0gA-_".repeat(20)}`],
    ["sentry", "an organisation token", "sntrys_eyJpYXQiOjE2ODczMzY1NDMuNjk4NTksInVybCI6bnVsbH0=_NzJkYzA3NzMyZTRj"],
    ["sentry", "a user token", `sntryu_${"0123abcd".repeat(8)}`],
    ["entra", "a client secret", "abc8Q~defghijklmnopqrstuvwxyz0123456"],
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
      const { tokenPatterns = [] } = definitions.find((definition) => definition.id === id) ?? {};
      expect(tokenPatterns.some((pattern) => matches(pattern, token))).toBe(token !== "");
    });
});

/** The first owner of each, with every later claim to it. Own claims don't count. */
function claimedTwice(claimsOf: (definition: ProviderDefinition) => Iterable<string>): string[] {
  const owner = new Map<string, string>();
  const clashes: string[] = [];
  for (const definition of definitions)
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
