/** docs/providers holds a page for every built-in provider, made from its description, and nothing else. */
import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { providerPage } from "../../.ci/provider-page.ts";
import { ERROR_CLASSES } from "../../src/providers/schema.ts";
import { definitionOf, definitions } from "./builtin.ts";

const folder = new URL("../../docs/providers/", import.meta.url);
const pageOf = (id: string): Promise<string> => Bun.file(new URL(`${id}.md`, folder)).text();

for (const definition of definitions) {
  const { id, errors = {}, settings = {}, quirks, client } = definition;

  test(`${id}: the page is what \`npm run docs\` makes`, async () => {
    expect(await pageOf(id)).toBe(providerPage(definition, `providers/${id}.ts`));
  });

  test(`${id}: the page names every error, setting and variable, and where a client is made`, async () => {
    const page = await pageOf(id);
    for (const code of Object.keys(errors.codes ?? {})) expect(page).toContain(`\`${code}\``);
    for (const { title, env = [] } of Object.values(settings))
      for (const text of [title, ...env]) expect(page).toContain(text.replaceAll("<", "&lt;"));
    for (const { environment } of [definition, ...(definition.variants ?? [])])
      for (const variable of environment?.read ?? []) expect(page).toContain(`\`${variable}\``);
    if (client !== undefined) expect(page).toMatch(/redirect URI|code/);
    for (const note of client?.notes ?? []) expect(page).toContain(note.replaceAll("<", "&lt;"));
    expect(quirks?.length).toBeGreaterThan(2);
  });
}

test("there is no page of anything else", () => {
  expect(readdirSync(folder).sort()).toEqual(definitions.map(({ id }) => `${id}.md`).sort());
});

test("a description that says nothing but where it is makes a page too, and one with everything a safe one", () => {
  const bare = providerPage({ id: "bare", title: "Bare", flows: ["device"] }, "bare.toml");
  expect(bare).toContain("auth login bare\n");
  expect(bare).not.toMatch(/undefined|null|\[object/);
  const odd = providerPage({ id: "odd", title: "Odd", flows: ["token"], quirks: ["<script>a | b"] }, "odd.toml");
  expect(odd).toContain("&lt;script>");
});

test("the redirect URI of a page has the port that is registered, where there is one", () => {
  const endpoints = { authorization: "https://acme.example/authorize", token: "https://acme.example/token" };
  const acme = { id: "acme", title: "Acme", endpoints, client: {}, flows: ["browser" as const] };
  expect(providerPage(acme, "x")).toContain("`http://127.0.0.1/callback`: the port is chosen at each login.");
  const fixed = { ...acme, authorize: { redirect: { port: 8765 } } };
  expect(providerPage(fixed, "x")).toContain("Enter the redirect URI `http://127.0.0.1:8765/callback`.\n");
});

test("every class of error has an exit code on the page, or is part of a wait", () => {
  const codes = Object.fromEntries(ERROR_CLASSES.map((name) => [`code_${name}`, name]));
  const page = providerPage({ ...definitionOf("sentry"), errors: { codes } }, "x");
  for (const name of ERROR_CLASSES)
    expect(page).toMatch(new RegExp(`\\| \`code_${name}\` \\| [A-Z].* \\| [A-Z].* \\| [4-7]? ?\\|`));
});
