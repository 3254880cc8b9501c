/** Where a description sends tokens, however its addresses are written: what is shown, and what is another provider's. */
import { describe, expect, test } from "bun:test";
import { catalog } from "../../providers/catalog/index.ts";
import { builtIn } from "../../providers/index.ts";
import { checkDefinition } from "../../src/providers/check.ts";
import { claimsOf, clashWithOthers } from "../../src/providers/plugins/claims.ts";
import { layOver } from "../../src/providers/plugins/load.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";

const OWN = "https://acme.example";
const EVIL = "https://evil.example";

/** A description whose address is in this field alone, as a login's token would reach it. */
const FIELDS: Readonly<Record<string, (address: string) => object>> = {
  ...Object.fromEntries(
    ["authorization", "device", "token", "refresh", "mint", "revocation", "userinfo", "introspection"].map((name) => [
      `endpoints.${name}`,
      (address: string) => ({ endpoints: { [name]: address } }),
    ]),
  ),
  issuer: (address) => ({ issuer: address }),
  "variants.endpoints": (address) => ({ variants: [{ when: { v: "x" }, endpoints: { userinfo: address } }] }),
  "variants.issuer": (address) => ({ variants: [{ when: { v: "x" }, issuer: address }] }),
};
/** These hold an origin, and nothing behind it. */
const ORIGINS: Readonly<Record<string, (origin: string) => object>> = {
  origins: (origin) => ({ origins: [origin] }),
  "variants.origins": (origin) => ({ variants: [{ when: { v: ".+" }, origins: [origin] }] }),
};

/** What follows an origin: none of it says where a token goes. */
const REST: Readonly<Record<string, string>> = {
  "nothing optional": "/u",
  "an optional setting in its path": "/u/{s}",
  "an optional setting as its path": "/{s}",
  "an optional setting in its query": "/u?team={s}",
  "a query without a path": "?team={s}",
};

/** Spellings of https://github.com, where a description may have them. */
const SPELLINGS = ["https://github.com", "https://github.com:443", "https://github.com:0443", "HTTPS://GitHub.COM"];
const BY_SETTING: Readonly<Record<string, object>> = {
  "a default": { default: "github.com" },
  "a default with a port": { default: "github.com:443" },
  "a default in another case": { default: "GitHub.com" },
  "a default that is escaped": { default: "%67ithub.com" },
  "a default with a user name": { default: "acme@github.com" },
  "a default with a dot at its end": { default: "github.com." },
  "a default that is wide": { default: "ｇithub.com" },
  choices: { choices: ["acme.example", "github.com"] },
  "a pattern that allows one": { pattern: "github\\.com" },
};

function definitionOf(fields: object, settings: object = {}): ProviderDefinition {
  const whole: Record<string, unknown> = { id: "acme", title: "A", flows: ["token"], ...fields };
  return { ...whole, settings: { s: { title: "S" }, v: { title: "V" }, ...settings } } as object as ProviderDefinition;
}

async function extending(base: string, fields: object): Promise<ProviderDefinition> {
  return layOver(await known(base), { id: "acme", ...fields }) as ProviderDefinition;
}

async function known(id: string): Promise<ProviderDefinition> {
  return (await (builtIn[id] ?? catalog[id])?.())?.default as ProviderDefinition;
}

function clash(definition: ProviderDefinition, base: string | null, others: readonly string[]): Promise<string | null> {
  return clashWithOthers(definition, base, others, known);
}

describe("what is shown of a description are the origins of all its addresses", () => {
  for (const [field, make] of Object.entries(FIELDS))
    for (const [what, rest] of Object.entries(REST))
      test(`${field} with ${what}`, () => {
        const { origins, destinations } = claimsOf(definitionOf(make(`${OWN}${rest}`)));
        expect(origins).toEqual([OWN]);
        if (!field.startsWith("variants")) expect(destinations).toEqual([OWN]);
      });

  test("one that a setting decides is shown as such, beside its default", () => {
    const at = (host: object) => claimsOf(definitionOf({ endpoints: { userinfo: "https://{h}/u" } }, { h: host }));
    expect(at({ title: "H" }).destinations).toEqual(["https://{h}"]);
    expect(at({ title: "H", required: true }).destinations).toEqual(["https://{h}"]);
    expect(at({ title: "H", default: "acme.example" })).toMatchObject({
      destinations: [OWN],
      origins: [OWN, "https://{h}"],
    });
    const parts = definitionOf({ endpoints: { userinfo: "https://{h}.acme.example:8443/{s}?x={s}" } }, { h: {} });
    expect(claimsOf(parts).destinations).toEqual(["https://{h}.acme.example:8443"]);
  });
});

describe("attack: another provider's origin is its own", () => {
  for (const [field, make] of Object.entries(FIELDS))
    for (const [what, rest] of Object.entries(REST)) {
      test(`${field} with ${what}`, async () => {
        for (const spelled of SPELLINGS)
          expect({ spelled, clash: await clash(definitionOf(make(`${spelled}${rest}`)), null, ["github"]) }).toEqual({
            spelled,
            clash: "the origin https://github.com, which belongs to github",
          });
      });
      test(`${field} with ${what} behind a host that is a setting`, async () => {
        for (const [how, setting] of Object.entries(BY_SETTING)) {
          const definition = definitionOf(make(`https://{h}${rest}`), { h: { title: "H", ...setting } });
          expect({ how, clash: await clash(definition, null, ["github"]) }).toEqual({
            how,
            clash: "the origin https://github.com, which belongs to github",
          });
        }
      });
    }

  for (const [field, make] of Object.entries(ORIGINS))
    test(field, async () => {
      for (const spelled of SPELLINGS)
        expect(await clash(definitionOf(make(spelled)), null, ["github"])).toContain("https://github.com");
    });

  test("in two halves, in a whole address, or by what a variant is for", async () => {
    const halves = { a: { title: "A", default: "git" }, b: { title: "B", choices: ["lab.com", "hub.com"] } };
    const url = { h: { title: "H", kind: "url", default: "https://github.com/x" } };
    const variant = [{ when: { h: "github\\.com" }, endpoints: { token: "https://acme.example/t" } }];
    for (const definition of [
      definitionOf({ endpoints: { userinfo: "https://{a}{b}/u?x={s}" } }, halves),
      definitionOf({ endpoints: { userinfo: "{h}/u?x={s}" } }, url),
      definitionOf({ endpoints: { userinfo: "https://{h}/u?x={s}" }, variants: variant }, { h: { title: "H" } }),
    ])
      expect(await clash(definition, null, ["github"])).toContain("the origin https://github.com");
  });

  test("a host that a person alone can name is none", async () => {
    const host = { h: { title: "H", required: true } };
    expect(await clash(definitionOf({ endpoints: { userinfo: "https://{h}/u" } }, host), null, ["github"])).toBeNull();
  });
});

test("attack: a host that no login could use, or one of too many, is no part of a description", () => {
  const faults = (settings: object) =>
    checkDefinition(definitionOf({ endpoints: { userinfo: "https://{a}{b}/u?x={s}&y={v}" } }, settings));
  const b = { title: "B", default: ".example" };
  for (const value of ["acme@x", "%61cme", "acme\\x", "ａcme"])
    expect(faults({ a: { title: "A", default: value }, b })).toMatchObject([{ path: "endpoints.userinfo" }]);
  expect(faults({ a: { title: "A", default: "acme" }, b: { ...b, default: ".example." } })).toMatchObject([
    { problem: "has a dot at the end of its host: https://acme.example." },
  ]);
  const many = (count: number) => ({ title: "M", choices: Array.from({ length: count }, (_, i) => `x${i}`) });
  expect(faults({ a: many(16), b: many(16) })).toEqual([]);
  expect(faults({ a: many(10_000), b: many(10_000) })).toMatchObject([{ problem: "can have more than 256 hosts" }]);
});

describe("attack: what extends another provider is at its origins with all addresses, or with none", () => {
  for (const base of ["gitlab", "github", "entra", "sentry", "slack"])
    for (const [field, make] of Object.entries(FIELDS))
      test(`${base}, and ${field} elsewhere`, async () => {
        for (const [what, rest] of Object.entries(REST)) {
          const settings = { s: { title: "S", env: ["USER"] }, v: { title: "V" } };
          const definition = await extending(base, { settings, ...make(`${EVIL}${rest}`) });
          expect({ what, clash: await clash(definition, base, [base]) }).toEqual({
            what,
            clash: expect.stringContaining(` beside `),
          });
        }
      });

  for (const [field, make] of Object.entries(ORIGINS))
    test(`gitlab, and ${field} elsewhere`, async () => {
      const definition = await extending("gitlab", { settings: { v: { title: "V" } }, ...make(EVIL) });
      expect(await clash(definition, "gitlab", ["gitlab"])).toContain(` beside ${EVIL}`);
    });

  test("also where its host is the attacker's, until a login names another", async () => {
    const definition = await extending("gitlab", {
      settings: { host: { default: "evil.example" } },
      endpoints: { userinfo: `${EVIL}/u` },
    });
    expect(await clash(definition, "gitlab", ["gitlab"])).toBe(
      `the origin https://{host} beside ${EVIL}, which belongs to gitlab`,
    );
  });

  test("a company's own server is at its origin alone", async () => {
    for (const [base, host] of [
      ["gitlab", "git.acme.example"],
      ["github", "git.acme.example"],
      ["github", "acme.ghe.com"],
      ["sentry", "sentry.acme.example"],
      ["entra", "login.acme.example"],
      ["grafana", "grafana.acme.example"],
    ] as const) {
      const definition = await extending(base, { title: "A", settings: { host: { default: host } } });
      expect({ base, clash: await clash(definition, base, [base]) }).toEqual({ base, clash: null });
    }
  });

  test("what it adds at the same origin, under a setting, is fine", async () => {
    const definition = await extending("gitlab", {
      settings: { s: { title: "S" } },
      endpoints: { userinfo: "https://{host}/api/v4/user?team={s}" },
    });
    expect(await clash(definition, "gitlab", ["gitlab"])).toBeNull();
  });
});
