/** What editors are given: one sentence for each field, a JSON Schema and types that say what the schema says. */
import { describe, expect, test } from "bun:test";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { readManifest } from "../../src/providers/plugins/manifest.ts";
import { MEANINGS } from "../../src/providers/schema/describe.ts";
import { manifestSchema } from "../../src/providers/schema/json-schema.ts";
import { fieldsIn, outline } from "../../src/providers/schema/outline.ts";
import { typings } from "../../src/providers/schema/typings.ts";
import { ProviderSchema } from "../../src/providers/schema.ts";
import { definitions } from "./builtin.ts";
import { faultsIn } from "./json-schema-check.ts";

const ROOT = join(import.meta.dir, "..", "..");

test("every field of the schema is described in src/providers/schema/describe.ts, and nothing else is", () => {
  const fields = fieldsIn(outline()).map(({ path }) => path);
  expect(Object.keys(MEANINGS).sort()).toEqual([...fields].sort());
  for (const [path, meaning] of Object.entries(MEANINGS))
    expect({ path, sentence: /[.?]$/.test(meaning) }).toEqual({ path, sentence: true });
});

describe("the JSON Schema", () => {
  const schema = manifestSchema();
  const faults = (manifest: unknown): string[] => faultsIn(schema, JSON.parse(JSON.stringify(manifest)));

  for (const definition of definitions) test(`takes ${definition.id}`, () => expect(faults(definition)).toEqual([]));

  const catalogue = join(ROOT, "providers", "catalog");
  const manifests = existsSync(catalogue) ? readdirSync(catalogue).filter((name) => name.endsWith(".toml")) : [];
  for (const name of manifests)
    test(`takes ${name}`, async () => {
      expect(faults(await readManifest(readFileSync(join(catalogue, name), "utf8"), name))).toEqual([]);
    });

  test("takes one that extends another, and the key by which editors found it", () => {
    expect(faults({ $schema: "./x.json", extends: "acme", id: "mine", settings: {} })).toEqual([]);
  });

  const sound = { id: "acme", title: "Acme", flows: ["token"] };
  const wrong: [what: string, manifest: object, fault: string][] = [
    ["a field misspelt", { ...sound, refersh: {} }, "refersh"],
    ["one misspelt deep inside", { ...sound, settings: { host: { title: "x", patern: "x" } } }, "settings.host.patern"],
    ["a field that is missing", { id: "acme", title: "Acme" }, "flows"],
    ["a wrong word", { ...sound, refresh: { rotation: "sometimes" } }, "refresh.rotation"],
    ["a wrong type", { ...sound, flows: "token" }, "flows"],
    ["an empty list", { ...sound, flows: [] }, "flows"],
    ["a negative number", { ...sound, refresh: { graceSeconds: -1 } }, "refresh.graceSeconds"],
    ["an id that is none", { ...sound, id: "Acme Inc" }, "id"],
    ["a wrong name in a table", { ...sound, settings: { Host: { title: "x" } } }, "settings.Host"],
    ["no word of a union", { ...sound, errors: { codes: { x: "ded" } } }, "errors.codes.x"],
    ["a wrong field of a shared group", { ...sound, minting: { jwt: { use: "grant", reply: { x: "y" } } } }, "reply.x"],
  ];
  for (const [what, manifest, fault] of wrong)
    test(`refuses ${what}`, () => expect(faults(manifest).join("\n")).toContain(fault));
});

describe("auth-provider.d.ts", () => {
  /** What tsc says of a module beside the types. */
  function compiled(files: Readonly<Record<string, string>>, types = typings()): { code: number; out: string } {
    const folder = mkdtempSync(join(tmpdir(), "auth-types-"));
    try {
      const all = { ...files, "auth-provider.d.ts": types };
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

  test("stands alone under tsc --strict: a module, and every built-in provider, compile against it", () => {
    const module = `import { defineProvider, type Flow, type ProviderDefinition } from "auth/provider";
const flows: Flow[] = ["device"];
const base: ProviderDefinition = { id: "acme", title: "Acme", flows };
export default defineProvider({ ...base, endpoints: { token: "https://acme.example/token" } });
`;
    expect(compiled({ "acme.ts": module })).toEqual({ code: 0, out: "" });
  }, 30_000);

  test("and says what is wrong", () => {
    const wrong = (what: string): string => `import { defineProvider } from "auth/provider";
export default defineProvider({ id: "acme", title: "Acme", flows: ["device"], ${what} });
`;
    const { code, out } = compiled({ "a.ts": wrong("refersh: {}"), "b.ts": wrong('refresh: { rotation: "x" }') });
    expect(code).not.toBe(0);
    expect(out).toMatch(/a\.ts.*refersh/);
    expect(out).toMatch(/b\.ts.*"x"/);
  }, 30_000);

  test("a function gets and answers what the contract says", () => {
    const pure = v.optional(v.custom<() => unknown>((value) => typeof value === "function"));
    const functions = v.optional(v.strictObject({ request: pure, reply: pure, account: pure }));
    const types = typings(outline(v.strictObject({ ...ProviderSchema.entries, functions })));
    const module = (answer: string): string => `import { defineProvider } from "auth/provider";
export default defineProvider({ id: "acme", title: "Acme", flows: ["token"], functions: {
  request: ({ parameters, headers }) => (${answer}),
  reply: ({ status, body }) => (status === 200 ? { access_token: body.data.token } : body),
} });
`;
    expect(compiled({ "acme.ts": module("{ parameters: { ...parameters, x: '1' }, headers }") }, types).out).toBe("");
    expect(compiled({ "acme.ts": module("{ parameters: { x: 1 }, headers }") }, types).code).not.toBe(0);
    const [, example = ""] = /```ts\n(.*?)```/s.exec(readFileSync(join(ROOT, "docs", "plugins.md"), "utf8")) ?? [];
    expect(compiled({ "example.ts": example }, types)).toEqual({ code: 0, out: "" });
  }, 30_000);
});
