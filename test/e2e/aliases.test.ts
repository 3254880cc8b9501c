/** A provider is also found by the names that people look for it by (`aliases` of its description). */
import { afterAll, describe, expect, test } from "bun:test";
import { catalog } from "../../providers/catalog/index.ts";
import { builtIn } from "../../providers/index.ts";
import { errorOf } from "../support/logged-in.ts";
import { manifest, type PluginHome, pluginHome } from "../support/plugin-home.ts";

const homes: PluginHome[] = [];
afterAll(() => Promise.all(homes.map((home) => home.stop())));

function home(): PluginHome {
  const made = pluginHome();
  homes.push(made);
  return made;
}

const paste = ["--token", "-", "--no-verify"];

test("wherever a command takes a provider it takes an alias, and says the provider's id", async () => {
  const it = home();
  expect((await it.call(["login", "gh", ...paste], { stdin: "t1" })).code).toBe(0);
  expect((await it.call(["login", "GH:work", ...paste], { stdin: "t2" })).code).toBe(0);
  const listed = JSON.parse((await it.call(["list", "--json"])).stdout) as { connection: string }[];
  expect(listed.map(({ connection }) => connection).sort()).toEqual(["github:default", "github:work"]);
  expect((await it.call(["token", "gh"])).stdout).toBe("t1\n");
  expect((await it.call(["token", "gh", "-p", "work"])).stdout).toBe("t2\n");
  for (const command of [
    ["status", "gh"],
    ["get", "gh:work", "--field", "connection"],
    ["run", "gh", "--", "printenv", "GH_TOKEN"],
    ["run", "-c", "gh:work=WORK_TOKEN", "--", "printenv", "WORK_TOKEN"],
    ["export", "gh"],
    ["use", "gh:work"],
    ["profile", "show", "gh:work"],
    ["profile", "create", "gh:other", "--host", "git.acme.example"],
    ["client", "set", "gh", "--client-id", "mine"],
    ["client", "remove", "gh", "--client-id", "mine"],
    ["provider", "show", "gh"],
    ["log", "--connection", "gh:work"],
    ["logout", "gh:work"],
  ]) {
    const { code, stdout, stderr } = await it.call(command);
    expect({ command, code, stderr }).toEqual({ command, code: 0, stderr });
    expect(stdout + stderr).not.toContain("gh:");
  }
  expect((await it.call(["log", "--connection", "gh:work", "--json"])).stdout).toContain('"github:work"');
});

test("one of the catalogue's too, and it is suggested when it is nearly right", async () => {
  const it = home();
  expect((await it.call(["login", "microsoft", "--tenant", "t.example", ...paste], { stdin: "k" })).code).toBe(0);
  expect((await it.call(["profile", "create", "claude:work"])).code).toBe(0);
  expect((await it.call(["profile", "list", "--json"])).stdout).toContain('"anthropic:work"');
  const unknown = await it.call(["login", "microsft"]);
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining("Did you mean 'microsoft'?")]);
});

test("a plugin has aliases of its own; one that extends another doesn't inherit them", async () => {
  const it = home();
  const text = manifest(it.issuer.server.url, 'aliases = ["acm", "roadrunner"]');
  expect((await it.call(["provider", "add", it.file("acme.toml", text), "--yes"])).stderr).toContain(
    "Also called: acm, roadrunner",
  );
  const login = await it.call(["login", "acm", "--client-id", it.issuer.publicClient.id]);
  expect({ code: login.code, stderr: login.stderr }).toEqual({ code: 0, stderr: login.stderr });
  expect((await it.call(["token", "roadrunner"])).stdout).toBe((await it.call(["token", "acme"])).stdout);
  expect((await it.call(["provider", "remove", "acm", "--force"])).code).toBe(0);

  const own = it.file(
    "own.toml",
    `extends = "github"\nid = "own"\ntitle = "Own"\nsettings.host.default = "git.own.example"\n`,
  );
  expect((await it.call(["provider", "add", own, "--yes"])).code).toBe(0);
  expect(JSON.parse((await it.call(["provider", "show", "own", "--json"])).stdout).aliases).toEqual([]);
});

describe("a name that is another provider's is refused", () => {
  const cases: [what: string, id: string, aliases: string, words: string][] = [
    ["an alias that is an id", "acme", 'aliases = ["github"]', "the name github, which belongs to github"],
    [
      "an alias that is an id of the catalogue",
      "acme",
      'aliases = ["slack"]',
      "the name slack, which belongs to slack",
    ],
    ["an alias that is an alias", "acme", 'aliases = ["azure"]', "the name azure, which belongs to entra"],
    ["an id that is an alias", "azure", "", "the name azure, which belongs to entra"],
    ["an id that is an alias of the catalogue", "claude", "", "the name claude, which belongs to anthropic"],
  ];
  for (const [what, id, aliases, words] of cases)
    test(what, async () => {
      const it = home();
      const text = manifest(it.issuer.server.url, aliases, id);
      const added = await it.call(["provider", "add", it.file(`${id}.toml`, text), "--yes", "--json"]);
      expect(errorOf(added)).toMatchObject({ code: "plugin_invalid", message: expect.stringContaining(words) });
      it.drop(`${id}.toml`, text);
      const { fault } = JSON.parse((await it.call(["provider", "show", id, "--json"])).stdout);
      expect(fault).toContain(words);
    });

  test("two files put in by hand with one alias: neither is guessed", async () => {
    const it = home();
    for (const id of ["one", "two"])
      it.drop(`${id}.toml`, `id = "${id}"\ntitle = "T"\nflows = ["token"]\naliases = ["same"]\n`);
    const ended = await it.call(["login", "same", ...paste, "--json"], { stdin: "k" });
    expect(errorOf(ended)).toMatchObject({ code: "plugin_invalid", message: expect.stringContaining("one and two") });
  });

  test("with --replace it is that plugin's from then on", async () => {
    const it = home();
    const text = manifest(it.issuer.server.url, 'aliases = ["gh"]');
    expect((await it.call(["provider", "add", it.file("acme.toml", text), "--yes", "--replace"])).code).toBe(0);
    await it.call(["login", "gh", "--client-id", it.issuer.publicClient.id]);
    expect((await it.call(["list", "--json"])).stdout).toContain('"acme:default"');
  });
});

test("no two built-in providers share an id or an alias", async () => {
  const names: string[] = [];
  for (const load of [...Object.values(builtIn), ...Object.values(catalog)]) {
    const { id, aliases = [] } = (await load()).default;
    names.push(id, ...aliases);
  }
  expect(names.filter((name, i) => names.indexOf(name) < i)).toEqual([]);
  expect(names).toEqual(expect.arrayContaining(["microsoft", "azure", "gh"]));
});
