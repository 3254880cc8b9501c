/** `auth provider show` shows all that a description holds: in words, as JSON, as a manifest. */
import { describe, expect, test } from "bun:test";
import { catalog } from "../../providers/catalog/index.ts";
import { builtIn } from "../../providers/index.ts";
import { detailLines } from "../../src/cli/provider/show.ts";
import { described, inWords } from "../../src/cli/provider/view.ts";
import { pluginFile } from "../../src/providers/plugins/file.ts";
import { loadManifest } from "../../src/providers/plugins/load.ts";
import { writeManifest } from "../../src/providers/plugins/manifest.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { auth, bareEnvironment, tempFolder } from "../support/program.ts";

const all = Object.entries({ ...builtIn, ...catalog });

/** Every text and number of a description, but for the words of its own contract. */
function* textsOf(value: unknown): Generator<string> {
  if (typeof value === "string" || typeof value === "number") yield String(value);
  if (typeof value === "object" && value !== null) for (const part of Object.values(value)) yield* textsOf(part);
}

function withDefaults(template: string, { settings = {} }: ProviderDefinition): string {
  return template.replace(/\{(\w+)\}/g, (whole, name) => settings[name]?.default ?? whole);
}

describe("in words: everything that the description holds", () => {
  for (const [id, load] of all)
    test(id, async () => {
      const { default: definition } = await load();
      const view = { ...described(definition), id, origin: "built-in" as const, source: null, replaces: false };
      const shown = [...inWords(view), ...detailLines(definition)].join("\n");
      const missing = [...textsOf(definition)].filter(
        (text) => !shown.includes(text) && !shown.includes(withDefaults(text, definition)),
      );
      expect(missing).toEqual([]);
    });
});

test("defaults that people look for are shown too", async () => {
  const sentry = detailLines((await (builtIn.sentry as (typeof all)[0][1])()).default).join("\n");
  for (const line of [
    "  pkce: true (default)",
    "  rotation: family",
    "  graceSeconds: 0 (default)",
    "  lifetime.slidingSeconds: 2592000 (30 days)",
    "  scope: omit (default)",
    "  redirect URI: http://127.0.0.1/callback (any port)",
    "  create: https://sentry.io/settings/account/api/applications/",
    "  token: https://sentry.io/oauth/token/",
  ])
    expect(sentry).toContain(line);
});

test("what isn't known of a refresh token's end is said, where there is one", async () => {
  const lines = async (id: string): Promise<string> =>
    detailLines((await ({ ...builtIn, ...catalog }[id] as (typeof all)[0][1])()).default).join("\n");
  expect(await lines("github")).toContain("  lifetime: as the reply says, else unknown (default)");
  expect(await lines("sentry")).not.toContain("else unknown");
  expect(await lines("openai")).not.toContain("lifetime");
});

test("as JSON: scopes, the client's page, the redirect URI, the endpoints, and the description itself", async () => {
  const env = bareEnvironment();
  const { stdout } = await auth(["provider", "show", "github", "--json"], { env });
  expect(JSON.parse(stdout)).toMatchObject({
    id: "github",
    flows: ["device", "browser", "jwt", "token"],
    scopes: ["repo", "read:org", "gist"],
    endpoints: { token: "https://github.com/login/oauth/access_token" },
    client: { create: "https://github.com/settings/apps/new", redirectUri: "http://127.0.0.1/callback" },
    description: {
      authorize: { pkce: true },
      refresh: { rotation: "rotating", killsAccessToken: true },
      errors: { codes: { bad_refresh_token: { class: "dead" } } },
      assumed: expect.any(Array),
    },
  });
  const [listed] = JSON.parse((await auth(["provider", "list", "--json"], { env })).stdout);
  expect(listed.description).toBeUndefined();
});

describe("as a manifest: what is read back is the description", () => {
  for (const [id, load] of all)
    test(id, async () => {
      const { movedFrom: _, ...definition } = (await load()).default;
      const manifest = await writeManifest(definition, id);
      const file = pluginFile(`${id}.toml`, new TextEncoder().encode(manifest));
      const loading = loadManifest(file, () => Promise.reject(new Error("it extends none")));
      // Whom a server names is for what is part of auth.
      if (definition.resource !== undefined)
        return void (await expect(loading).rejects.toMatchObject({ code: "plugin_invalid" }));
      const read = await loading;
      expect(read.definition as unknown).toEqual(JSON.parse(JSON.stringify(definition)));
    });
});

test("the manifest that is printed is one that can be checked and added", async () => {
  const env = bareEnvironment();
  const folder = tempFolder();
  for (const id of ["github", "entra", "oidc", "slack", "sentry", "sentry-app"]) {
    const printed = await auth(["provider", "show", id, "--toml"], { env });
    expect(printed.code).toBe(0);
    await Bun.write(`${folder}/${id}.toml`, printed.stdout);
    const checked = await auth(["provider", "check", `${folder}/${id}.toml`, "--json"], { env });
    expect({ id, code: checked.code }).toEqual({ id, code: 0 });
  }
  expect((await auth(["provider", "show", "github", "--toml", "--json"], { env })).code).toBe(64);
});
