/** What counts only with other settings is played too, and what is wrong there is said with the settings. */
import { expect, test } from "bun:test";
import { checkContract } from "../../src/contract/contract.ts";
import { otherPlaces } from "../../src/contract/places.ts";
import { parseDefinition } from "../../src/providers/parse.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";

const BASE: ProviderDefinition = {
  id: "acme",
  title: "Acme",
  settings: {
    region: { title: "Region", choices: ["eu", "us", "in"], default: "eu" },
    host: { title: "Host", kind: "host", default: "acme.example" },
  },
  endpoints: {
    authorization: "https://{host}/{region}/authorize",
    token: "https://{host}/{region}/token",
    userinfo: "https://{host}/{region}/me",
  },
  variants: [{ when: { host: "[a-z]+\\.gov\\.example" }, endpoints: { token: "https://{host}/token" } }],
  flows: ["browser", "token"],
};

test("every choice, and every variant, one at a time", () => {
  expect(otherPlaces(BASE, {})).toEqual([
    { name: "with region us", settings: { region: "us", host: "acme.example" } },
    { name: "with region in", settings: { region: "in", host: "acme.example" } },
    { name: "with host a.gov.example", settings: { region: "eu", host: "a.gov.example" } },
  ]);
});

test("a variant by a choice is one place", () => {
  const variants = [{ when: { region: "us" }, endpoints: { token: "https://{host}/token" } }];
  expect(otherPlaces({ ...BASE, variants }, {}).map(({ name }) => name)).toEqual(["with region us", "with region in"]);
});

test("a description without settings has one place", () => {
  const { settings: _, variants: __, ...plain } = BASE;
  expect(otherPlaces({ ...plain, endpoints: { token: "https://acme.example/token" } }, {})).toEqual([]);
});

async function failures(change: object): Promise<string[]> {
  const definition = parseDefinition(JSON.parse(JSON.stringify({ ...BASE, ...change })), "acme.json");
  const checks = await checkContract(definition);
  return checks.filter(({ status }) => status === "fail").map(({ name, detail }) => `${name}: ${detail}`);
}

test("they are played, each under its settings", async () => {
  expect(await failures({})).toEqual([]);
  const checks = await checkContract(BASE);
  expect(checks.filter(({ name }) => name.startsWith("with ")).map(({ detail }) => detail)).toEqual(
    Array(3).fill(expect.stringMatching(/^1\d checks passed, \d skipped$/)),
  );
});

test("a fault of one choice is found, and said with it", async () => {
  const settings = {
    ...BASE.settings,
    style: {
      title: "Style",
      choices: ["Authorization: Bearer {token}", "Authorization"],
      default: "Authorization: Bearer {token}",
    },
  };
  const [fault, ...more] = await failures({ settings, header: "{style}" });
  expect(more).toEqual([]);
  expect(fault).toStartWith("with style Authorization: ");
  expect(fault).toContain("header");
});

test("a fault of a variant is found, and said with it", async () => {
  const variants = [
    { when: { host: "[a-z]+\\.gov\\.example" }, endpoints: { authorization: "https://{host}/a?client_id=x" } },
  ];
  const [fault, ...more] = await failures({ variants });
  expect(more).toEqual([]);
  expect(fault).toStartWith("with host a.gov.example: login by browser: ");
});
