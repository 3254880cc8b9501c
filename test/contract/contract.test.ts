/** What every built-in provider promises, whichever it is. */
import { describe, expect, test } from "bun:test";
import { Glob } from "bun";
import { ERROR_DEFAULTS, withDefaults } from "../../src/providers/defaults.ts";
import { parseDefinition } from "../../src/providers/parse.ts";
import { matches } from "../../src/providers/pattern.ts";
import { resolveProvider } from "../../src/providers/resolve.ts";
import { definitionOf, definitions } from "../providers/builtin.ts";

/** What a connection must say at least. */
const REQUIRED: Record<string, Record<string, string>> = {
  oidc: { issuer: "https://issuer.example" },
  "sentry-app": { installation: "7a485448-a9e2-4c85-8a3c-4f44175783c9" },
  "azure-devops": { redirectUri: "https://app.example/callback" },
  appstoreconnect: { keyId: "2X9R4HXF34" },
};

for (const definition of definitions)
  describe(definition.id, () => {
    const resolved = resolveProvider(definition, REQUIRED[definition.id] ?? {});

    test("passes the schema and the check", () => {
      expect(parseDefinition(definition, "built-in")).toEqual(definition);
    });

    test("is data: it survives JSON unchanged", () => {
      expect(JSON.parse(JSON.stringify(definition))).toEqual(definition);
    });

    test("every address is https, and every endpoint's origin is one that tokens may go to", () => {
      for (const url of Object.values(resolved.endpoints)) {
        expect(url).toStartWith("https://");
        expect(resolved.origins).toContain(new URL(url).origin);
      }
    });

    test("someone without a client is told where to create one and what to enter", () => {
      if (definition.client === undefined) return;
      const { redirectUri } = resolved.settings;
      if (redirectUri !== undefined) expect(resolved.client.redirectUri).toBe(redirectUri);
      else expect(resolved.client.redirectUri).toMatch(/^http:\/\/(127\.0\.0\.1|localhost)\/callback$/);
      expect(resolved.client.notes.length).toBeGreaterThan(0);
      if (definition.issuer === undefined) expect(resolved.client.create).toStartWith("https://");
    });

    test("an error whose meaning it tells, and that someone can mend, says how", () => {
      for (const [code, entry] of Object.entries(definition.errors?.codes ?? {})) {
        if (typeof entry === "string") continue;
        expect({ code, meaning: entry.meaning?.endsWith(".") }).toEqual({ code, meaning: true });
        if (entry.class === "dead" || entry.class === "interaction") expect(entry.remedy).toBeString();
      }
    });

    test("no error code repeats what the standards say already", () => {
      for (const [code, entry] of Object.entries(definition.errors?.codes ?? {}))
        if (typeof entry === "string")
          expect({ code, class: entry }).not.toEqual({ code, class: ERROR_DEFAULTS[code] ?? ("" as never) });
    });

    test("laying the defaults under it changes nothing that it says", () => {
      expect(withDefaults(definition)).toMatchObject(definition as object);
      expect(withDefaults(withDefaults(definition))).toEqual(withDefaults(definition));
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

test("no two providers read or write the same variable", () => {
  const owner = new Map<string, string>();
  for (const definition of definitions)
    for (const group of [definition.environment, ...(definition.variants ?? []).map(({ environment }) => environment)])
      for (const variable of [...(group?.read ?? []), ...Object.keys(group?.write ?? {})]) {
        expect(owner.get(variable) ?? definition.id).toBe(definition.id);
        owner.set(variable, definition.id);
      }
});

describe("token patterns recognise", () => {
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
  ];
  for (const [id, what, token] of samples)
    test(`${id}: ${what}`, () => {
      expect((definitionOf(id).tokenPatterns ?? []).some((pattern) => matches(pattern, token))).toBe(true);
    });

  test("and not ordinary words", () => {
    for (const { tokenPatterns = [] } of definitions)
      for (const word of ["ghost_", "github_pat", "sntry", "1//", "hello world", "ghp_short"])
        expect(tokenPatterns.some((pattern) => matches(pattern, word))).toBe(false);
  });
});
