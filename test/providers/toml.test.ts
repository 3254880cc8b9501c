/** A manifest that the program writes reads as if a person had written it, and says what the description said. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { parse } from "smol-toml";
import { writeManifest } from "../../src/providers/plugins/toml.ts";
import { definitions } from "./builtin.ts";

test("sections stand in the schema's order, whatever order the fields came in", () => {
  const text = writeManifest({
    flows: [{ flow: "browser", when: "browser" }, "device"],
    refresh: { graceSeconds: 30, rotation: "rotating" },
    endpoints: { token: "https://{host}/token", authorization: "https://{host}/authorize" },
    settings: {
      host: { title: "The host", kind: "host", default: "acme.example" },
      region: { pattern: "[a-z]+\\d", title: "The region" },
    },
    authorize: { parameters: { prompt: "consent" }, pkce: false },
    errors: { codes: { "HTTP 404": "dead", gone: { class: "dead", meaning: 'It is "gone".' } } },
    title: "Acme",
    id: "acme",
  });
  expect(text).toBe(
    [
      'id = "acme"',
      'title = "Acme"',
      'flows = [{ flow = "browser", when = "browser" }, "device"]',
      "",
      "[settings.host]",
      'title = "The host"',
      'kind = "host"',
      'default = "acme.example"',
      "",
      "[settings.region]",
      'title = "The region"',
      "pattern = '[a-z]+\\d'",
      "",
      "[endpoints]",
      'authorization = "https://{host}/authorize"',
      'token = "https://{host}/token"',
      "",
      "[authorize]",
      'parameters = { prompt = "consent" }',
      "pkce = false",
      "",
      "[refresh]",
      'rotation = "rotating"',
      "graceSeconds = 30",
      "",
      "[errors]",
      `codes = { "HTTP 404" = "dead", gone = { class = "dead", meaning = 'It is "gone".' } }`,
      "",
    ].join("\n"),
  );
});

test("what is too long for a line is broken up", () => {
  const long = "x".repeat(60);
  const text = writeManifest({
    scopes: { default: [`${long}1`, `${long}2`] },
    errors: { codes: { a: { class: "dead", meaning: long, remedy: long }, b: "dead" } },
    variants: [
      { when: { host: "a" }, endpoints: { token: "https://a.example/t" } },
      { when: { host: "b" }, endpoints: { token: `https://b.example/${long}` } },
    ],
  });
  expect(text).toBe(
    [
      "[[variants]]",
      'when = { host = "a" }',
      'endpoints = { token = "https://a.example/t" }',
      "",
      "[[variants]]",
      'when = { host = "b" }',
      "",
      "[variants.endpoints]",
      `token = "https://b.example/${long}"`,
      "",
      "[scopes]",
      "default = [",
      `  "${long}1",`,
      `  "${long}2",`,
      "]",
      "",
      "[errors.codes]",
      'b = "dead"',
      "",
      "[errors.codes.a]",
      'class = "dead"',
      `meaning = "${long}"`,
      `remedy = "${long}"`,
      "",
    ].join("\n"),
  );
});

test("a comment stands above its field, a group with one inside is opened up, and none is made of nothing", () => {
  const definition = {
    id: "acme",
    endpoints: { token: "https://acme.example/token" },
    authorize: { redirect: { host: "localhost", path: "/cb" } },
    scopes: { default: ["a", "b"] },
  };
  const comments = {
    "": "Acme's OAuth.\nTwo lines.",
    id: "What you type.",
    endpoints: "Where it is.",
    "endpoints.token": "For tokens.",
    "authorize.redirect.path": "As registered.",
    "scopes.default.1": "The second.",
    "refresh.rotation": "There is no such field.",
  };
  expect(writeManifest(definition, comments)).toBe(
    [
      "# Acme's OAuth.",
      "# Two lines.",
      "",
      "# What you type.",
      'id = "acme"',
      "",
      "# Where it is.",
      "[endpoints]",
      "# For tokens.",
      'token = "https://acme.example/token"',
      "",
      "[authorize.redirect]",
      'host = "localhost"',
      "# As registered.",
      'path = "/cb"',
      "",
      "[scopes]",
      "default = [",
      '  "a",',
      "  # The second.",
      '  "b",',
      "]",
      "",
    ].join("\n"),
  );
});

test("a comment can't smuggle a line of its own into the file", () => {
  expect(parse(writeManifest({ id: "a" }, { "": 'x\rid = "b"', id: 'y\u0000\n[settings]\nid = "c"' }))).toEqual({
    id: "a",
  });
});

test("what a newer description has, and this schema doesn't know, is written too, and first", () => {
  expect(writeManifest({ id: "acme", extends: "github" })).toBe('extends = "github"\nid = "acme"\n');
});

test("every built-in description comes back as it was", () => {
  for (const definition of definitions)
    expect(parse(writeManifest(definition))).toEqual(JSON.parse(JSON.stringify(definition)));
});

const leaf = fc.oneof(fc.string({ unit: "binary" }), fc.integer({ min: -1e9, max: 1e9 }), fc.boolean());
const key = fc
  .oneof(fc.constantFrom("settings", "flows", "codes", "HTTP 404", "a.b", "authorize"), fc.string())
  .filter((text) => text !== "__proto__");
const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie("value"), { maxLength: 4 }), tie("group")),
  group: fc.dictionary(key, tie("value"), { maxKeys: 5, noNullPrototype: true }),
}));

test("whatever is written reads back the same", () => {
  const group = fc.dictionary(key, value, { maxKeys: 6, noNullPrototype: true });
  fc.assert(
    fc.property(group, (definition) => {
      // A lone surrogate has no UTF-8.
      fc.pre(JSON.stringify(definition).isWellFormed() && !/\\ud[89a-f]/i.test(JSON.stringify(definition)));
      expect(parse(writeManifest(definition))).toEqual(definition as never);
    }),
    { numRuns: 500 },
  );
});
