/** Providers that come by the dozen: the catalogue that is part of auth, and one that a person brings. */
import { afterAll, describe, expect, test } from "bun:test";
import { errorOf } from "../support/logged-in.ts";
import { type PluginHome, pluginHome } from "../support/plugin-home.ts";
import { tempFolder } from "../support/program.ts";

const homes: PluginHome[] = [];
afterAll(() => Promise.all(homes.map((home) => home.stop())));

function home(): PluginHome {
  const made = pluginHome();
  homes.push(made);
  return made;
}

describe("the catalogue", () => {
  test("is listed, and each of its providers can be logged in to", async () => {
    const it = home();
    const listed = JSON.parse((await it.call(["provider", "list", "--json"])).stdout) as {
      id: string;
      origin: string;
    }[];
    expect(listed.filter(({ origin }) => origin === "catalogue").length).toBeGreaterThanOrEqual(60);
    const key = `sk-${"a1B2".repeat(10)}`;
    expect((await it.call(["login", "openai", "--token", "-", "--no-verify"], { stdin: key })).code).toBe(0);
    expect((await it.call(["run", "openai", "--", "sh", "-c", 'printf %s "$OPENAI_API_KEY"'])).stdout).toBe(key);
    expect((await it.call(["login", "gitlab", "--json"])).code).toBe(6);
  });

  test("a token in the environment that one of them reads is found by it", async () => {
    const it = home();
    const env = { OPENAI_API_KEY: "sk-of-the-environment" };
    expect((await it.call(["token", "openai"], { env })).stdout).toBe("sk-of-the-environment\n");
    expect((await it.call(["token"], { env })).stdout).toBe("sk-of-the-environment\n");
  });

  test("of each provider, help shows its own settings, and so does provider show", async () => {
    const it = home();
    for (const args of [
      ["login", "gitlab", "--help"],
      ["help", "login", "gitlab"],
    ])
      expect((await it.call(args)).stdout).toMatch(/--host <host>\s+The GitLab host/);
    expect((await it.call(["login", "--help"])).stdout).not.toContain("GitLab");
    expect((await it.call(["provider", "show", "gitlab"])).stdout).toContain("Setting host: The GitLab host");
  });

  test("is named when a provider isn't there, with what may have been meant", async () => {
    const { hint } = errorOf(await home().call(["login", "gitlba", "--json"]));
    expect(hint).toContain("Did you mean 'gitlab'?");
    expect(hint).toContain("in the catalogue (auth provider list)");
  });
});

/** In the format of the largest public catalogue; the providers are invented. */
const YAML = `
wonder:
    display_name: Wonder
    auth_mode: OAUTH2
    authorization_url: https://\${connectionConfig.subdomain}.wonder.example/authorize
    token_url: https://\${connectionConfig.subdomain}.wonder.example/token
    scope_separator: ','
    docs: https://docs.wonder.example
    connection_config:
        subdomain:
            type: string
            title: Subdomain
            description: Yours
placed:
    auth_mode: OAUTH2
    authorization_url: https://login.placed.example/authorize
    token_url: https://login.placed.example/token
    token_response_metadata: [api_domain]
    proxy:
        base_url: \${connectionConfig.api_domain}
figjam:
    auth_mode: OAUTH2
    authorization_url: https://figjam.example/authorize
    token_url: https://figjam.example/token
keys:
    display_name: Keys
    auth_mode: API_KEY
    proxy:
        base_url: https://api.keys.example
        headers:
            x-api-key: \${apiKey}
odd:
    display_name: Odd
    auth_mode: TWO_STEP
    token_url: https://odd.example/token
`;

describe("a catalogue in a file", () => {
  test("without names says how much of it can be converted, and adds nothing", async () => {
    const it = home();
    const path = it.file("providers.yaml", YAML);
    const shown = await it.call(["provider", "add", "--from", path]);
    expect(shown.stdout).toContain("OAUTH2: 2 of 3 without loss (66.7 %)");
    expect(shown.stdout).toContain("TWO_STEP: 0 of 1 without loss (0.0 %)");
    expect(shown.stderr).toContain("odd: auth_mode is TWO_STEP");
    expect(shown.stdout).toContain("; 1 of these with something assumed, which each says; 1 more are handled by code");
    const { figures, entries } = JSON.parse((await it.call(["provider", "add", "--from", path, "--json"])).stdout);
    expect(figures).toContainEqual({ mode: "OAUTH2", whole: 2, assuming: 1, byName: 1, total: 3 });
    expect(entries.map(({ provider }: { provider: string | null }) => provider)).toEqual([
      "wonder",
      "placed",
      "figjam",
      "keys",
      null,
    ]);
    expect((await it.call(["provider", "show", "wonder"])).code).toBe(2);
  });

  test("with names adds those, each a manifest that passes its check", async () => {
    const it = home();
    const path = it.file("providers.yaml", YAML);
    const ended = await it.call(["provider", "add", "--from", path, "wonder", "keys", "--yes"]);
    expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
    expect(it.installed()).toEqual(["keys.toml", "wonder.toml"]);
    expect((await it.call(["provider", "check", "wonder"])).code).toBe(0);
    expect((await it.call(["login", "keys", "--token", "-", "--no-verify"], { stdin: "k1" })).code).toBe(0);
    expect((await it.call(["token", "keys", "-o", "header"])).stdout).toBe("x-api-key: k1\n");
  });

  test("what can't be described, or isn't there, is named: exit 9, and the others are added", async () => {
    const it = home();
    const path = it.file("providers.yaml", YAML);
    const ended = await it.call(["provider", "add", "--from", path, "odd", "wondr", "keys", "--yes"]);
    expect(ended.code).toBe(9);
    expect(ended.stderr).toContain("odd, wondr can't be described.");
    expect(ended.stderr).toContain("Did you mean 'wonder'?");
    expect(it.installed()).toEqual(["keys.toml"]);
  });

  test("a taken id says how to have it, or another; an entry may be given one", async () => {
    const it = home();
    const path = it.file("providers.yaml", YAML.replace("\nkeys:", "\ngithub:"));
    const taken = await it.call(["provider", "add", "--from", path, "github", "wonder", "--yes"]);
    expect(taken.code).toBe(9);
    expect(taken.stderr).toContain("There is a provider github already.");
    expect(taken.stderr).toContain("--replace");
    expect(taken.stderr).toMatch(/auth provider add --from .*providers\.yaml github=github-2/);
    expect(taken.stderr).not.toContain("can't be described");
    expect(it.installed()).toEqual(["wonder.toml"]);
    expect((await it.call(["provider", "add", "--from", path, "github=github-2", "--yes"])).code).toBe(0);
    expect((await it.call(["provider", "check", "github-2"])).code).toBe(0);
    expect((await it.call(["provider", "add", "--from", path, "github=Not an id", "--yes"])).code).toBe(64);
    expect((await it.call(["provider", "add", "--from", path, "github", "--replace", "--yes"])).code).toBe(0);
  });

  test("a file that is no catalogue, or none at all: exit 64", async () => {
    const it = home();
    for (const path of [it.file("a.yaml", "- 1\n- 2\n"), it.file("b.yaml", "a: ["), "nothing.yaml", tempFolder()])
      expect(errorOf(await it.call(["provider", "add", "--from", path, "--json"])).exitCode).toBe(64);
  });
});
