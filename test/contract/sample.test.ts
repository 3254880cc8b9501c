/** What a contract test makes up: texts that a pattern matches, settings that a description takes. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { sampleOf, sampleSettings, sampleVariant } from "../../src/contract/sample.ts";
import { matches, patternFault } from "../../src/providers/pattern.ts";

const base = { id: "acme", title: "Acme", flows: ["token" as const] };

test("a text for any pattern that is allowed and that letters can match", () => {
  const atom = fc.constantFrom(
    "a",
    "Z",
    "7",
    "-",
    "_",
    "\\.",
    "[a-z]",
    "[^a-z]",
    "[A-Za-z0-9._-]",
    "\\d",
    "\\w",
    ".",
    "\\+",
  );
  const quantifier = fc.constantFrom("", "", "{3}", "{12}");
  const part = fc.tuple(atom, quantifier).map(([one, times]) => one + times);
  const pattern = fc
    .tuple(
      fc.array(part, { maxLength: 5 }),
      part,
      fc.constantFrom("", "*", "+", "?", "{2,}", "{1,4}"),
      fc.array(part, { maxLength: 5 }),
    )
    .map(([before, one, most, after]) => `${before.join("")}${/\}$/.test(one) ? one : one + most}${after.join("")}`);
  fc.assert(
    fc.property(pattern, (text) => {
      fc.pre(patternFault(text) === null);
      const sample = sampleOf(text);
      expect({ text, sample, matched: matches(text, sample ?? "") }).toEqual({ text, sample, matched: true });
    }),
  );
});

test("settings that must be said, or that an address is made of; those with a default keep it", () => {
  const settings = {
    host: { title: "Host", kind: "host", required: true },
    id: { title: "Id", pattern: "[0-9a-f]{8}-[0-9a-f]{4}", required: true },
    tenant: { title: "Tenant", pattern: "[a-z]+" },
    region: { title: "Region", default: "eu" },
    spare: { title: "Spare" },
  } as const;
  const endpoints = { token: "https://{host}/{tenant}/{region}/{id}" };
  const made = sampleSettings({ ...base, settings, endpoints });
  expect(Object.keys(made)).toEqual(["host", "id", "tenant"]);
  expect(made).toMatchObject({ host: "x.example", id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}$/) });
});

test("settings under which a variant counts; null where there are none", () => {
  const definition = { ...base, settings: { host: { title: "Host", kind: "host" as const, default: "acme.example" } } };
  expect(sampleVariant(definition, { host: "acme\\.example" }, {})).toEqual({});
  expect(sampleVariant(definition, { host: "[a-z]+\\.acme\\.example" }, {})).toEqual({ host: "a.acme.example" });
  expect(sampleVariant(definition, { host: "[!]" }, {})).toBeNull();
  const regions = { ...base, settings: { region: { title: "Region", choices: ["eu west", "us east"] } } };
  expect(sampleVariant(regions, { region: "us.+" }, {})).toEqual({ region: "us east" });
});
