/** Providers that come by the dozen: the catalogue that is part of auth, and one that a person brings. */
import { afterAll, describe, expect, test } from "bun:test";
import { calledOtherwise } from "../../providers/catalog/called-otherwise.ts";
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
    expect(hint).toContain("those in the catalogue too: auth provider list");
  });

  test("a name may be written as people write it", async () => {
    const it = home();
    expect((await it.call(["provider", "show", "GitHub"])).stdout).toStartWith("GitHub (github)\n");
    expect((await it.call(["provider", "show", "Azure DevOps"])).code).toBe(0);
    for (const name of ["Stripe", "stripe"])
      expect(errorOf(await it.call(["login", name, "--json"])).code).toBe("client_missing");
  });

  test("what isn't there leads on: a list, a description of one's own, an issuer", async () => {
    const it = home();
    const { hint } = errorOf(await it.call(["login", "etsy", "--json"]));
    for (const command of ["auth provider list", "auth provider new etsy", "auth login <issuer-url>"])
      expect(hint).toContain(command);
  });

  test("a part of a provider is named with the login that has it", async () => {
    const it = home();
    for (const [name, login] of Object.entries(calledOtherwise)) {
      const { code, hint = "" } = errorOf(await it.call(["login", name, "--json"]));
      expect({ code, hint }).toEqual({
        code: "provider_not_found",
        hint: `${name} is had at ${login[0]}: auth login ${login.join(" ")}`,
      });
      // The scopes' set is one that the provider has: only the client is missing.
      expect(errorOf(await it.call(["login", ...login, "--json"])).code).toBe("client_missing");
    }
  });

  test("provider list finds them by a word: id, title, alias, set of scopes", async () => {
    const it = home();
    const found = async (word: string) =>
      JSON.parse((await it.call(["provider", "list", word, "--json"])).stdout).map(({ id }: { id: string }) => id);
    expect(await found("youtube")).toEqual(["google"]);
    expect(await found("feishu")).toEqual(["lark"]);
    expect(await found("AZURE")).toContain("azure-devops");
    expect((await it.call(["provider", "list", "etsy"])).code).toBe(2);
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
    expect(ended.stderr).toContain("2 of 3 entries can't be added.");
    expect(ended.stderr).toContain("\nodd: auth_mode is TWO_STEP");
    expect(ended.stderr).toContain("\nwondr: is not in the catalogue. Did you mean 'wonder'?\nAdded: keys.\n");
    expect(it.installed()).toEqual(["keys.toml"]);
  });

  test("what is another provider's, by its id and its addresses, can't be had beside it, and no command says so", async () => {
    const it = home();
    const github = `github:
    auth_mode: OAUTH2
    authorization_url: https://github.com/login/oauth/authorize
    token_url: https://github.com/login/oauth/access_token
`;
    const path = it.file("providers.yaml", YAML + github);
    const taken = await it.call(["provider", "add", "--from", path, "github", "--yes"]);
    expect(taken.code).toBe(9);
    expect(taken.stderr).toStartWith("Error: github can't be added.\n");
    expect(taken.stderr).toContain(
      "Under another id it would have the origin https://github.com, which belongs to github",
    );
    expect(taken.stderr).not.toContain("github=github-2");
    expect(taken.stderr).toContain("Nothing was added.");
    const shown = await it.call(["provider", "add", "--from", path]);
    expect(shown.stdout).toContain("1 of these are called as a provider that is here already");
  });

  test("one that claims what another has doesn't keep the others from being added, and the end says which are", async () => {
    const it = home();
    const path = it.file("providers.yaml", `${YAML}other-jam:\n    alias: figjam\nkey:\n    alias: keys\n`);
    const all = ["figjam", "other-jam", "key", "keys"];
    const { code, stderr } = await it.call(["provider", "add", "--from", path, ...all, "--yes"]);
    expect(code).toBe(9);
    expect(stderr).toContain("2 of 4 entries can't be added.");
    expect(stderr).toMatch(/Under another id: auth provider add --from .*providers\.yaml key=key-2\n/);
    expect(stderr).toContain("\nAdded: figjam, keys.\n");
    expect(it.installed()).toEqual(["figjam.toml", "keys.toml"]);
  });

  test("a file that isn't there is said in words", async () => {
    const { code, stderr } = await home().call(["provider", "add", "--from", "nofile.yaml"]);
    expect([code, stderr]).toEqual([64, expect.stringContaining("nofile.yaml can't be read: there is no such file.")]);
  });

  test("a taken id says how to have it, or another; an entry may be given one", async () => {
    const it = home();
    const path = it.file("providers.yaml", YAML.replace("\nkeys:", "\ngithub:"));
    const taken = await it.call(["provider", "add", "--from", path, "github", "wonder", "--yes"]);
    expect(taken.code).toBe(9);
    expect(taken.stderr).toContain("\ngithub: there is a provider github already\n");
    expect(taken.stderr).toMatch(/In its place: auth provider add --from .*providers\.yaml github --replace\n/);
    expect(taken.stderr).toMatch(/Under another id: auth provider add --from .*providers\.yaml github=github-2\n/);
    expect(taken.stderr).toContain("\nAdded: wonder.\n");
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
