/** A manifest's text: what it means, and where it is wrong when it means nothing. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parse } from "smol-toml";
import { AuthError } from "../../src/platform/errors.ts";
import { parseJson } from "../../src/providers/plugins/json.ts";
import { readManifest, writeManifest } from "../../src/providers/plugins/manifest.ts";

async function refusal(text: string, file: string): Promise<AuthError> {
  const outcome = await readManifest(text, file).catch((error: unknown) => error);
  if (outcome instanceof AuthError) return outcome;
  throw new Error(`${file} was read`);
}

test("TOML and JSON say the same", async () => {
  const toml =
    'id = "acme"\nflows = ["device", { flow = "browser", when = "secret" }]\n\n[settings.host]\ntitle = "Host"\n';
  const json =
    '{"id":"acme","flows":["device",{"flow":"browser","when":"secret"}],"settings":{"host":{"title":"Host"}}}';
  expect(await readManifest(toml, "acme.toml")).toEqual(JSON.parse(json));
  expect(await readManifest(json, "acme.JSON")).toEqual(JSON.parse(json));
});

test("$schema is for editors: it is no part of the description", async () => {
  expect(await readManifest('{"$schema":"./provider.schema.json","id":"acme"}', "a.json")).toEqual({ id: "acme" });
  expect(await readManifest('"$schema" = "./provider.schema.json"\nid = "acme"\n', "a.toml")).toEqual({ id: "acme" });
  expect(await readManifest('{"$schema":1}', "a.json")).toEqual({ $schema: 1 });
});

test("a byte order mark, as some editors write one, is no part of either", async () => {
  expect(await readManifest('\ufeffid = "acme"', "a.toml")).toEqual({ id: "acme" });
  expect(await readManifest('\ufeff{"id":"acme"}', "a.json")).toEqual({ id: "acme" });
});

describe("a text that can't be read is refused with its place", () => {
  const wrong: [what: string, file: string, text: string, message: string][] = [
    ["a value that is missing", "a.toml", 'id = "acme"\ntitle = \n', "a.toml: line 2, column 9: invalid value."],
    ["a name that is there twice", "a.toml", 'id = "a"\nid = "b"\n', "a.toml: line 2, column 1: trying to redefine"],
    ["a date", "a.toml", "[refresh]\nlifetime = 1979-05-27\n", "a.toml: refresh.lifetime is a date."],
    ["a name that reaches into every object", "a.toml", "__proto__ = 1\n", "a.toml: line 1, column 1: "],
    [
      "a comma too many",
      "a.json",
      '{\n  "id": "acme",\n}',
      "a.json: line 3, column 1: a name in double quotes is expected.",
    ],
    [
      "a comma too few",
      "a.json",
      '{"id": "acme" "title": 1}',
      "a.json: line 1, column 15: a comma or a closing bracket",
    ],
    ["single quotes", "a.json", "{'id': 1}", "a.json: line 1, column 2: this is not JSON: names and texts"],
    ["a comment", "a.json", "{\n// x\n}", "a.json: line 2, column 1: JSON has no comments."],
    ["a text that isn't closed", "a.json", '{"id": "acme}', "a.json: line 1, column 8: this text isn't closed"],
    ["a name that is there twice", "a.json", '{"id":1,\n "id":2}', "a.json: line 2, column 2: that name is here twice"],
    ["a name that reaches into every object", "a.json", '{"__proto__":{}}', "a.json: line 1, column 2: "],
    ["more after the end", "a.json", "{} {}", "a.json: line 1, column 4: nothing may follow"],
    ["nothing at all", "a.json", "", "a.json: line 1, column 1: a value is expected"],
    ["brackets without end", "a.json", "[".repeat(100_000), "a.json: line 1, column 34: is nested too deeply."],
    [
      "a key of a hundred thousand dots",
      "a.toml",
      `a${".a".repeat(100_000)} = 1`,
      "a.toml: a.a.a.a… is nested too deeply",
    ],
    ["a table of as many", "a.toml", `[a${".a".repeat(100_000)}]`, "a.toml: a.a.a.a… is nested too deeply"],
    ["groups in groups", "a.toml", `a = ${"{a = ".repeat(50_000)}`, "a.toml: line 1, column "],
    ["lists in lists", "a.toml", `a = ${"[".repeat(100_000)}`, "a.toml: line 1, column "],
    ["more than a mebibyte", "a.toml", `# ${"x".repeat(1024 * 1024)}`, "a.toml: is larger than 1 MiB."],
  ];
  for (const [what, file, text, message] of wrong)
    test(`${file}: ${what}`, async () => {
      const error = await refusal(text, file);
      expect(error.code).toBe("plugin_invalid");
      expect(error.message).toStartWith(message);
    });

  test("the place is shown in its line, and nothing of the file reaches a terminal as it is", async () => {
    expect((await refusal('id = "acme"\nflows = [device]\n', "a.toml")).hint).toBe("flows = [device]\n         ^");
    expect((await refusal('{"a": "\x1b[31m"}', "a.json")).hint).not.toContain("\x1b");
    const long = await refusal(`{"a": "${"x".repeat(5000)}" "b"}`, "a.json");
    expect(long.hint?.length).toBeLessThan(250);
  });
});

test("whatever JSON says, it is read as Bun's own parser reads it", () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), (text, at) => {
      // A text with a character taken out is most often wrong, and then for both.
      for (const one of [text, text.slice(0, at % text.length) + text.slice((at % text.length) + 1)]) {
        let expected: unknown;
        try {
          expected = JSON.parse(one);
        } catch {
          expect(() => parseJson(one)).toThrow();
          continue;
        }
        let read: unknown;
        try {
          read = parseJson(one);
        } catch (error) {
          // What is refused besides.
          expect(String(error)).toMatch(/twice|not allowed|too deeply/);
          continue;
        }
        expect(read).toEqual(expected);
      }
    }),
  );
});

describe("a manifest that is written", () => {
  test("has its comment, its sections, and long lists with one text a line", async () => {
    const long = "x".repeat(60);
    const definition = {
      id: "acme",
      scopes: { default: [`${long}1`, `${long}2`] },
      variants: [{ when: { host: "a" }, endpoints: { token: "https://a.example/t" } }],
      flows: [{ flow: "browser", when: "browser" }, "device"],
    };
    expect(await writeManifest(definition, "Acme's OAuth.\nTwo lines.")).toBe(
      [
        "# Acme's OAuth.",
        "# Two lines.",
        "",
        'id = "acme"',
        'flows = [ { flow = "browser", when = "browser" }, "device" ]',
        "",
        "[scopes]",
        "default = [",
        `  "${long}1",`,
        `  "${long}2",`,
        "]",
        "",
        "[[variants]]",
        "[variants.when]",
        'host = "a"',
        "",
        "[variants.endpoints]",
        'token = "https://a.example/t"',
        "",
      ].join("\n"),
    );
  });

  test("a comment can't smuggle a line of its own into the file", async () => {
    const comment = 'x\rid = "b"\ny\u0000\n[settings]\nid = "c"';
    expect(parse(await writeManifest({ id: "a" }, comment))).toEqual({ id: "a" });
  });

  const leaf = fc.oneof(fc.string({ unit: "binary" }), fc.integer({ min: -1e9, max: 1e9 }), fc.boolean());
  const key = fc
    .oneof(fc.constantFrom("settings", "flows", "codes", "HTTP 404", "a.b", "authorize"), fc.string())
    .filter((text) => text !== "__proto__");
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie("value"), { maxLength: 4 }), tie("group")),
    group: fc.dictionary(key, tie("value"), { maxKeys: 5, noNullPrototype: true }),
  }));

  test("reads back the same, whatever is in it", async () => {
    const group = fc.dictionary(key, value, { maxKeys: 6, noNullPrototype: true });
    await fc.assert(
      fc.asyncProperty(group, async (definition) => {
        // A lone surrogate has no UTF-8.
        fc.pre(JSON.stringify(definition).isWellFormed() && !/\\ud[89a-f]/i.test(JSON.stringify(definition)));
        expect(parse(await writeManifest(definition, "")) as unknown).toEqual(definition);
      }),
      { numRuns: 500 },
    );
  });
});
