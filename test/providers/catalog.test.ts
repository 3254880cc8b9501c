/**
 * What every manifest of the catalogue promises besides what every description does (descriptions.test.ts). Whether the
 * provider really is as described, only its documentation can tell.
 */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { parse as parseToml } from "smol-toml";
import { catalog } from "../../providers/catalog/index.ts";
import { flowsOf } from "../../src/providers/flows.ts";
import { resolveProvider } from "../../src/providers/resolve.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { REQUIRED } from "./required-settings.ts";

const folder = new URL("../../providers/catalog/", import.meta.url);
const files = readdirSync(folder)
  .filter((name) => name.endsWith(".toml"))
  .sort();
const manifests = await Promise.all(
  Object.entries(catalog).map(async ([id, load]) => ({ id, definition: (await load()).default, text: textOf(id) })),
);

test("the index lists the files of the folder, in their order", () => {
  expect(Object.keys(catalog).map((id) => `${id}.toml`)).toEqual(files);
});

test("there are at least sixty", () => {
  expect(files.length).toBeGreaterThanOrEqual(60);
});

test("those whose id_token lacks the nonce ask for none, and the others for one wherever they ask for openid", () => {
  const asking = manifests.filter(({ definition }) => definition.scopes?.default?.includes("openid"));
  const without = asking.filter(({ definition }) => definition.authorize?.nonce === "never");
  expect(without.map(({ id }) => id)).toEqual(["linkedin", "quickbooks"]);
});

for (const { id, definition, text } of manifests)
  describe(id, () => {
    const resolved = resolveProvider(definition, REQUIRED[id] ?? {});
    const flows = flowsOf(definition).map(({ flow }) => flow);

    test("is named as its file", () => {
      expect(definition.id).toBe(id);
    });

    test("says the same to Bun's parser and to the one that reads manifests of others", () => {
      expect(definition).toEqual(parseToml(text) as unknown as ProviderDefinition);
    });

    test("its tokens have somewhere to go", () => {
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

    test("a login without a client names the redirect to enter", () => {
      if (!flows.includes("browser")) return;
      expect(resolved.client.create).toStartWith("https://");
      expect(resolved.client.notes.join("\n")).toMatch(/redirect|callback/i);
    });

    test("a login without a key says where to make one", () => {
      if (flows.includes("token")) expect(resolved.apiKey.create).toStartWith("https://");
    });
  });

function textOf(id: string): string {
  return readFileSync(new URL(`${id}.toml`, folder), "utf8");
}
