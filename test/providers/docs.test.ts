/** docs/providers.md says what the code does: every default, every error code, every reserved variable, and no other. */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contractPage, PAGE } from "../../.ci/contract-page.ts";
import { checkContract } from "../../src/contract/contract.ts";
import { DEFAULTS, ERROR_DEFAULTS } from "../../src/providers/defaults.ts";
import { parseDefinition } from "../../src/providers/parse.ts";
import { pluginFile } from "../../src/providers/plugins/file.ts";
import { loadManifest } from "../../src/providers/plugins/load.ts";
import { readManifest } from "../../src/providers/plugins/manifest.ts";
import { RESERVED_VARIABLES } from "../../src/providers/reserved.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { EXCEPTIONS } from "../../src/providers/written.ts";

const page = await Bun.file(new URL("../../docs/providers.md", import.meta.url)).text();

/** The part of the page below a heading. */
function section(heading: string): string {
  return page.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
}

/** The first two cells of each row whose cells are code. */
function rows(text: string): [string, string][] {
  return [...text.matchAll(/^\| `([^`]+)` \| `([^`]*)` \|/gm)].map((row): [string, string] => [
    row[1] ?? "",
    row[2] ?? "",
  ]);
}

function leaves(value: object, above = ""): [string, string][] {
  return Object.entries(value).flatMap(([key, inner]): [string, string][] => {
    const path = `${above}${key}`;
    const isGroup = typeof inner === "object" && !Array.isArray(inner) && Object.keys(inner).length > 0;
    return isGroup ? leaves(inner, `${path}.`) : [[path, JSON.stringify(inner)]];
  });
}

test("the table has every default, as it is in the code, and nothing else", () => {
  expect(rows(section("Defaults"))).toEqual(leaves(DEFAULTS));
});

test("the table has every error code of the standards with its class", () => {
  expect(rows(section("Error codes"))).toEqual(Object.entries(ERROR_DEFAULTS));
});

test("every reserved variable is named", () => {
  const named = [...section("Variables that no description may set").matchAll(/`([A-Z0-9_*]+)`/g)].map(
    (match) => match[1] ?? "",
  );
  expect(named).toEqual([...RESERVED_VARIABLES]);
});

test("every variable that the rule for written ones leaves out is named, with its value and the reason", () => {
  const text = section("Variables that may be written");
  const named = [...text.matchAll(/^\| `(\w+)` \| `([^`]+)` \| (.+) \|$/gm)].map(([, name, value, why]) => [
    name,
    { value, why },
  ]);
  expect(Object.fromEntries(named)).toEqual(EXCEPTIONS);
});

test("docs/provider-contract.md is what the schema says: npm run docs", async () => {
  expect(await Bun.file(PAGE).text()).toBe(contractPage());
});

describe("docs/plugins.md: its examples are what they say", () => {
  const text = readFileSync(new URL("../../docs/plugins.md", import.meta.url), "utf8");
  const [manifest = "", extension = "", narrowed = ""] = [...text.matchAll(/```toml\n(.*?)```/gs)].map(
    (block) => block[1] ?? "",
  );
  const [module = ""] = [...text.matchAll(/```ts\n(.*?)```/gs)].map((block) => block[1] ?? "");

  const failures = async (definition: ProviderDefinition): Promise<unknown[]> =>
    (await checkContract(definition)).filter(({ status }) => status === "fail");

  test("the manifest passes the check", async () => {
    const definition = parseDefinition(await readManifest(manifest, "acme.toml"), "acme.toml");
    expect(await failures(definition)).toEqual([]);
  });

  test("the one that extends another says only what differs", async () => {
    const value = await readManifest(extension, "acme-git.toml");
    expect(value).toMatchObject({ extends: "github", settings: { host: { default: "git.acme.example" } } });
  });

  test("the one with fewer flows inherits nothing of the others, and passes the check", async () => {
    const file = pluginFile("google-ads.toml", new TextEncoder().encode(narrowed));
    const { definition } = await loadManifest(file, async () => (await import("../../providers/google.ts")).default);
    expect(definition).toMatchObject({ id: "google-ads", flows: ["browser"], settings: {}, minting: {} });
    expect(await failures(definition)).toEqual([]);
  });

  test("the module passes the check, its functions too", async () => {
    const folder = mkdtempSync(join(tmpdir(), "auth-docs-"));
    try {
      const alone = module.replace(
        'import { defineProvider } from "auth/provider";',
        "const defineProvider = (x) => x;",
      );
      writeFileSync(join(folder, "module.ts"), alone);
      const { default: definition } = (await import(join(folder, "module.ts"))) as { default: ProviderDefinition };
      expect(await failures(definition)).toEqual([]);
      const { reply, account } = (definition as unknown as { functions: Record<string, (given: object) => object> })
        .functions;
      expect(reply?.({ body: { valid_for: "90m" } })).toMatchObject({ expires_in: 5400 });
      expect(account?.({ first: "Ada", last: "Lovelace" })).toMatchObject({ name: "Ada Lovelace" });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
