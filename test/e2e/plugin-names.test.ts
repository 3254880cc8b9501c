/** Names that mean something elsewhere: of secrets in our records, of what every object inherits, of another provider. */
import { afterAll, describe, expect, test } from "bun:test";
import { errorOf } from "../support/logged-in.ts";
import { manifest, type PluginHome, pluginHome } from "../support/plugin-home.ts";

const homes: PluginHome[] = [];
afterAll(() => Promise.all(homes.map((home) => home.stop())));

function home(): PluginHome {
  const made = pluginHome();
  homes.push(made);
  return made;
}

const SECRET_NAMES = [
  "accessToken",
  "refreshToken",
  "idToken",
  "secret",
  "privateKey",
  "proofKey",
  "registrationToken",
];

test("a module may say where the tokens of a reply are: it is trusted, logged in to and refreshed", async () => {
  const it = home();
  const { url } = it.issuer.server;
  const description = {
    id: "acme",
    title: "ACME",
    flows: ["device"],
    endpoints: { device: `${url}/oauth/device/code/`, token: `${url}/oauth/token/` },
    client: { kind: "public" },
    reply: { accessToken: "access_token", refreshToken: "refresh_token", idToken: "id_token" },
  };
  it.drop("acme.ts", `export default ${JSON.stringify(description)};\n`);
  const hash = /sha256-[0-9a-f]{64}/.exec((await it.call(["provider", "trust", "acme"])).stderr)?.[0] ?? "";
  expect((await it.call(["provider", "trust", "acme", "--ci", hash])).code).toBe(0);
  expect((await it.call(["provider", "show", "acme", "--json"])).stdout).toContain('"trust": "trusted"');
  const login = await it.call(["login", "acme", "--client-id", it.issuer.publicClient.id]);
  expect({ code: login.code, stderr: login.stderr }).toEqual({ code: 0, stderr: login.stderr });
  expect((await it.call(["refresh", "acme", "--force"])).code).toBe(0);
  expect(it.issuer.isLive((await it.call(["token", "acme"])).stdout.trim())).toBe(true);
});

test("a setting may have the name of a secret: the login is used, shown and refreshed like any other", async () => {
  const it = home();
  const settings = SECRET_NAMES.map((name) => `settings.${name} = { title = "T", default = "x" }`).join("\n");
  const parameters = SECRET_NAMES.map((name) => `${name} = "{${name}}"`).join(", ");
  const text = `${manifest(it.issuer.server.url, settings)}\n[request]\nrefreshParameters = { ${parameters} }\n`;
  expect((await it.call(["provider", "add", it.file("acme.toml", text), "--yes"])).code).toBe(0);
  const flags = SECRET_NAMES.map((name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));
  const login = [
    "login",
    "acme",
    "--client-id",
    it.issuer.publicClient.id,
    ...flags.flatMap((flag) => [`--${flag}`, "y"]),
  ];
  const { code, stderr } = await it.call(login);
  expect({ code, stderr }).toEqual({ code: 0, stderr });
  for (const command of [
    ["refresh", "acme", "--force"],
    ["token", "acme"],
    ["status", "acme"],
    ["token", "acme", "-o", "header"],
    ["run", "acme", "--", "true"],
    ["profile", "show", "acme"],
    ["logout", "acme"],
  ])
    expect({ command, code: (await it.call(command)).code }).toEqual({ command, code: 0 });
});

describe("names that every object inherits", () => {
  test("a provider called constructor, whose variable is toString, is one like any other", async () => {
    const it = home();
    const text = `${manifest(it.issuer.server.url, "", "constructor")}\n[environment]\nread = ["toString", "valueOf"]\n`;
    const given = it.file("constructor.toml", text);
    expect((await it.call(["provider", "add", given, "--yes"])).code).toBe(0);
    for (const command of [["list"], ["provider", "list"], ["doctor", "--offline"]])
      expect({ command, code: (await it.call(command)).code }).toEqual({ command, code: 0 });
    const login = await it.call(["login", "constructor", "--client-id", it.issuer.publicClient.id]);
    expect({ code: login.code, stderr: login.stderr }).toEqual({ code: 0, stderr: login.stderr });
    for (const command of [
      ["list"],
      ["status"],
      ["token", "constructor"],
      ["token"],
      ["refresh", "constructor", "--force"],
      ["use", "constructor"],
      ["run", "--", "true"],
      ["client", "list"],
      ["logout", "constructor"],
      ["provider", "remove", "constructor"],
    ])
      expect({ command, code: (await it.call(command)).code }).toEqual({ command, code: 0 });
  });

  test("a client with such an id has no secret but its own", async () => {
    const it = home();
    await it.call(["provider", "add", it.file("acme.toml", manifest(it.issuer.server.url)), "--yes"]);
    const set = ["client", "set", "acme", "--client-secret", "-", "--client-id"];
    expect((await it.call([...set, "mine"], { stdin: "s1" })).code).toBe(0);
    for (const id of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
      const absent = await it.call(["client", "remove", "acme", "--client-id", id, "--json"]);
      expect({ id, code: errorOf(absent).code }).toEqual({ id, code: "connection_not_found" });
      expect((await it.call([...set, id], { stdin: "s2" })).code).toBe(0);
      expect((await it.call(["client", "list", "--json"])).stdout).toContain(`"${id}"`);
      expect((await it.call(["client", "remove", "acme", "--client-id", id])).code).toBe(0);
      expect((await it.call(["client", "list", "--json"])).stdout).not.toContain(`"${id}"`);
    }
  });
});

test("attack: a manifest put into the folder by hand claims no variable and no origin of the catalogue", async () => {
  const it = home();
  const plain = 'id = "acme"\ntitle = "A"\nflows = ["token"]\n';
  for (const [claim, owner] of [
    ['environment.read = ["GROQ_API_KEY"]', "the variable GROQ_API_KEY, which belongs to groq"],
    ['environment.write = { SLACK_BOT_TOKEN = "{token}" }', "the variable SLACK_BOT_TOKEN, which belongs to slack"],
    [
      'settings.s = { title = "S", env = ["DD_SITE"] }\nheader = "X-Key: {s}{token}"',
      "DD_SITE, which belongs to datadog",
    ],
    ['origins = ["https://api.stripe.com"]', "the origin https://api.stripe.com, which belongs to stripe"],
  ] as const) {
    it.drop("acme.toml", plain + claim);
    const view = JSON.parse((await it.call(["provider", "show", "acme", "--json"])).stdout);
    expect(view).toMatchObject({ trust: "unusable", fault: expect.stringContaining(owner) });
    expect((await it.call(["login", "acme", "--token", "-"], { stdin: "k" })).code).toBe(9);
  }
  it.drop("acme.toml", `extends = "slack"\nid = "acme"\ntitle = "A"\n`);
  expect(JSON.parse((await it.call(["provider", "show", "acme", "--json"])).stdout).fault).toBeNull();
});
