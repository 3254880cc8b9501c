/** What editors are given: one sentence for each field, a JSON Schema and types that say what the schema says. */
import { describe, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { readManifest } from "../../src/providers/plugins/manifest.ts";
import { definitionSchema, manifestSchema } from "../../src/providers/schema/json-schema.ts";
import { typings } from "../../src/providers/schema/typings.ts";
import { ProviderSchema } from "../../src/providers/schema.ts";
import { alterations, FULL, type Manifest } from "./altered.ts";
import { definitions } from "./builtin.ts";
import { faultsIn } from "./json-schema-check.ts";

const ROOT = join(import.meta.dir, "..", "..");

test("every field of the schema has its text, a sentence or more", () => {
  const texts = fieldTexts(definitionSchema());
  expect(texts.length).toBeGreaterThan(150);
  expect(texts.filter(([, text]) => !/[.?]$/.test(text ?? ""))).toEqual([]);
});

/** Of each field that is somewhere in a JSON Schema: its name and its text. */
function fieldTexts(part: unknown): [name: string, text: string | undefined][] {
  if (typeof part !== "object" || part === null) return [];
  const { properties = {} } = part as { properties?: Record<string, { description?: string }> };
  const own = Object.entries(properties).map(([name, field]): [string, string | undefined] => [
    name,
    field.description,
  ]);
  return [...own, ...Object.values(part).flatMap(fieldTexts)];
}

describe("the JSON Schema", async () => {
  const schema = manifestSchema();
  const faults = (manifest: unknown): string[] => faultsIn(schema, manifest);

  const catalogue = join(ROOT, "providers", "catalog");
  const names = readdirSync(catalogue).filter((name) => name.endsWith(".toml"));
  const manifests = names.map((name) => readManifest(readFileSync(join(catalogue, name), "utf8"), name));
  const documents = JSON.parse(JSON.stringify([...definitions, ...(await Promise.all(manifests))])) as Manifest[];

  for (const document of documents) test(`takes ${document.id}`, () => expect(faults(document)).toEqual([]));

  test("takes one that extends another, and the key by which editors found it", () => {
    expect(faults({ $schema: "./x.json", extends: "acme", id: "mine", settings: {} })).toEqual([]);
  });

  test("takes and refuses what the program does, whichever part of a description is altered", () => {
    const different = new Set<string>();
    let refused = 0;
    for (const { path, altered } of alterations([FULL, ...documents])) {
      const isValid = v.is(ProviderSchema, altered);
      if (!isValid) refused++;
      if (isValid !== (faults(altered).length === 0)) different.add(path);
    }
    expect([...different]).toEqual([]);
    expect(refused).toBeGreaterThan(1000);
  }, 120_000);

  const sound = { id: "acme", title: "Acme", flows: ["token"] };
  const wrong: [what: string, manifest: object, fault: string][] = [
    ["a field misspelt", { ...sound, refersh: {} }, "refersh"],
    ["one misspelt deep inside", { ...sound, settings: { host: { title: "x", patern: "x" } } }, "settings.host.patern"],
    ["a field that is missing", { id: "acme", title: "Acme" }, "flows"],
    ["a wrong word", { ...sound, refresh: { rotation: "sometimes" } }, "refresh.rotation"],
    ["a wrong type", { ...sound, flows: "token" }, "flows"],
    ["an empty list", { ...sound, flows: [] }, "flows"],
    ["a negative number", { ...sound, refresh: { graceSeconds: -1 } }, "refresh.graceSeconds"],
    ["a port that is none", { ...sound, authorize: { redirect: { port: 70000 } } }, "authorize.redirect.port"],
    ["a scope for APIs without one", { ...sound, scopes: { resource: "x" } }, "scopes.resource"],
    ["an id that is none", { ...sound, id: "Acme Inc" }, "id"],
    ["a wrong name in a table", { ...sound, settings: { Host: { title: "x" } } }, "settings.Host"],
    ["a flow that isn't minting's", { ...sound, minting: { device: { use: "grant" } } }, "minting.device"],
    ["no word of a union", { ...sound, errors: { codes: { x: "ded" } } }, "errors.codes.x"],
    ["a wrong field of a shared group", { ...sound, minting: { jwt: { use: "grant", reply: { x: "y" } } } }, "reply.x"],
    ["functions, which only a module can have", { ...sound, functions: {} }, "functions"],
  ];
  for (const [what, manifest, fault] of wrong)
    test(`refuses ${what}`, () => expect(faults(manifest).join("\n")).toContain(fault));
});

describe("auth-provider.d.ts", () => {
  /** What tsc says of a module beside the types. */
  function compiled(files: Readonly<Record<string, string>>): { code: number; out: string } {
    const folder = mkdtempSync(join(tmpdir(), "auth-types-"));
    try {
      const all = { ...files, "auth-provider.d.ts": typings() };
      for (const [name, text] of Object.entries(all)) writeFileSync(join(folder, name), text);
      for (const { id } of definitions) cpSync(join(ROOT, "providers", `${id}.ts`), join(folder, `${id}.ts`));
      const names = [...Object.keys(all), ...definitions.map(({ id }) => `${id}.ts`)];
      const flags = ["--strict", "--noEmit", "--target", "esnext", "--module", "preserve", "--types", ""];
      const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
      const { exitCode, stdout } = Bun.spawnSync([process.execPath, tsc, ...flags, ...names], { cwd: folder });
      return { code: exitCode, out: stdout.toString() };
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  test("compiles alone under tsc --strict: a module, and every built-in provider, compile against it", () => {
    const module = `import { defineProvider, type Flow, type ProviderDefinition } from "auth/provider";
const flows: Flow[] = ["device"];
const base: ProviderDefinition = { id: "acme", title: "Acme", flows };
export default defineProvider({ ...base, endpoints: { token: "https://acme.example/token" } });
`;
    expect(compiled({ "acme.ts": module })).toEqual({ code: 0, out: "" });
  }, 60_000);

  test("and says what is wrong", () => {
    const wrong = (what: string): string => `import { defineProvider } from "auth/provider";
export default defineProvider({ id: "acme", title: "Acme", flows: ["device"], ${what} });
`;
    const { code, out } = compiled({ "a.ts": wrong("refersh: {}"), "b.ts": wrong('refresh: { rotation: "x" }') });
    expect(code).not.toBe(0);
    expect(out).toMatch(/a\.ts.*refersh/);
    expect(out).toMatch(/b\.ts.*"x"/);
  }, 60_000);

  test("a function gets and answers what the contract says", () => {
    const module = (answer: string): string => `import { defineProvider } from "auth/provider";
export default defineProvider({ id: "acme", title: "Acme", flows: ["token"], functions: {
  request: ({ parameters, headers }) => (${answer}),
  reply: ({ status, body }) => (status === 200 ? { access_token: body.data.token } : body),
} });
`;
    expect(compiled({ "acme.ts": module("{ parameters: { ...parameters, x: '1' }, headers }") }).out).toBe("");
    expect(compiled({ "acme.ts": module("{ parameters: { x: 1 }, headers }") }).code).not.toBe(0);
    const [, example = ""] = /```ts\n(.*?)```/s.exec(readFileSync(join(ROOT, "docs", "plugins.md"), "utf8")) ?? [];
    expect(compiled({ "example.ts": example })).toEqual({ code: 0, out: "" });
  }, 60_000);
});
