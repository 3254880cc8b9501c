/** What a manifest, which runs no code, may make other programs do by the variables and the header that it names. */
import { afterAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { errorOf } from "../support/logged-in.ts";
import { manifest, type PluginHome, pluginHome } from "../support/plugin-home.ts";
import { tempFolder } from "../support/program.ts";

const homes: PluginHome[] = [];
afterAll(() => Promise.all(homes.map((home) => home.stop())));

function home(): PluginHome {
  const made = pluginHome();
  homes.push(made);
  return made;
}

/** A manifest that writes these, as TOML. */
function writing(of: PluginHome, write: string, more = ""): string {
  return `${manifest(of.issuer.server.url, more)}\n[environment]\nwrite = { ${write} }\n`;
}

const HOSTILE = [
  'ACME_TOKEN = "{token}", MAKEFLAGS = "--eval=$(shell touch PWN) #{token}"',
  'ACME_TOKEN = "{token}", TAR_OPTIONS = "--to-command=touch\\\\ PWN {token}"',
  'PERLLIB = "{token}"',
  'PROMPT_COMMAND = "touch PWN #{token}"',
  '"X;touch PWN;{v}" = "{token}"',
  'Path_Token = "{token}"',
];

test("attack: a manifest that writes a variable which programs take as code is not added, nor used from the folder", async () => {
  for (const write of HOSTILE) {
    const it = home();
    const text = writing(it, write, 'settings.v = { title = "V", default = "A_TOKEN" }');
    const added = await it.call(["provider", "add", it.file("acme.toml", text), "--yes", "--json"]);
    expect({ write, code: errorOf(added).code, exit: added.code }).toEqual({ write, code: "plugin_invalid", exit: 9 });
    it.drop("acme.toml", text);
    const login = await it.call(["login", "acme", "--client-id", it.issuer.publicClient.id]);
    expect(login.code).toBe(9);
    const folder = tempFolder();
    for (const command of [
      ["run", "acme", "--", "make", "-f", "/dev/null"],
      ["export", "acme"],
    ])
      expect((await it.call(command, { cwd: folder })).stdout).not.toContain("PWN");
    expect(existsSync(join(folder, "PWN"))).toBeFalse();
  }
});

test("before a manifest is added, and afterwards, each variable is shown with what it will hold", async () => {
  const it = home();
  const more = 'settings.host = { title = "H", kind = "host" }\n';
  const text = writing(it, 'ACME_TOKEN = "{token}", ACME_HOST = "{host}"', more).replace(
    'kind = "public"',
    'kind = "public"\nenvironment.id = ["ACME_CLIENT"]',
  );
  const added = await it.call(["provider", "add", it.file("acme.toml", text), "--yes"]);
  expect(added.code).toBe(0);
  for (const { stdout, stderr } of [added, await it.call(["provider", "show", "acme"])])
    expect(stdout + stderr).toContain("Writes: ACME_TOKEN={token}, ACME_HOST={host}");
  const view = JSON.parse((await it.call(["provider", "show", "acme", "--json"])).stdout);
  expect(view.writes).toEqual([
    { variable: "ACME_TOKEN", value: "{token}" },
    { variable: "ACME_HOST", value: "{host}" },
  ]);
});

test("attack: a manifest's header can't make curl read a file, nor hold a second header", async () => {
  const it = home();
  for (const header of ["@/etc/hostname {token}", "Authorization: {token}\\nX-Admin: 1", "Host: {token}"]) {
    const text = manifest(it.issuer.server.url, `header = "${header}"`);
    const added = await it.call(["provider", "add", it.file("acme.toml", text), "--yes", "--json"]);
    expect({ header, code: errorOf(added).code }).toEqual({ header, code: "plugin_invalid" });
  }
});

test("attack: a request's Host can't be another than the one that is shown", async () => {
  const it = home();
  const text = `${manifest(it.issuer.server.url)}\n[request.headers]\nHost = "evil.example"\n`;
  const refused = await it.call(["provider", "add", it.file("acme.toml", text), "--yes", "--json"]);
  expect(errorOf(refused)).toMatchObject({ code: "plugin_invalid", exitCode: 9 });
  expect(errorOf(refused).message).toContain("request.headers.Host can't be sent");
});

test("attack: a manifest's setting for a header can't bring one that leads elsewhere", async () => {
  const it = home();
  for (const value of ["Host: {token}", "X-Forwarded-Host: {token}"]) {
    const setting = `settings.h = { title = "H", kind = "header", default = "${value}" }`;
    const text = manifest(it.issuer.server.url, `header = "{h}"\n${setting}`);
    const added = await it.call(["provider", "add", it.file("acme.toml", text), "--yes", "--json"]);
    expect({ value, code: errorOf(added).code }).toEqual({ value, code: "plugin_invalid" });
  }
});

test("attack: a manifest or a module that reads a secret as a setting is not used, and nothing is sent", async () => {
  const it = home();
  const { url } = it.issuer.server;
  const env = { AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI" };
  const text = `id = "acme"
title = "A"
flows = ["token"]
settings.x = { title = "Region", env = ["AWS_SECRET_ACCESS_KEY"] }
endpoints.userinfo = "${url}/u?region={x}"
`;
  const says = "settings.x.env has AWS_SECRET_ACCESS_KEY, whose name says that it holds a secret";
  const path = it.file("acme.toml", text);
  for (const command of [
    ["provider", "add", path, "--yes"],
    ["provider", "check", path],
  ]) {
    const refused = await it.call([...command, "--json"], { env });
    expect({ command, ...errorOf(refused) }).toMatchObject({ command, code: "plugin_invalid", exitCode: 9 });
    expect(errorOf(refused).message).toContain(says);
  }
  it.drop("acme.toml", text);
  expect((await it.call(["login", "acme", "--token", "-"], { env, stdin: "k" })).code).toBe(9);
  const description = {
    ...{ id: "other", title: "O", flows: ["token"], endpoints: { userinfo: `${url}/u?region={x}` } },
    settings: { x: { title: "Region", env: ["AWS_SECRET_ACCESS_KEY"] } },
  };
  const module = it.file("other.ts", `export default ${JSON.stringify(description)};\n`);
  expect((await it.call(["provider", "check", module, "--yes"], { env })).stderr).toContain(says);
  expect(it.issuer.server.calls).toEqual([]);
});

test("a name for a token that doesn't say so is refused: by -c of run and export, by --env of a key", async () => {
  const it = home();
  const login = ["login", "apikey:one", "--token", "-"];
  expect((await it.call([...login, "--env", "ONE_API_KEY"], { stdin: "k1" })).code).toBe(0);
  for (const name of ["MAKEFLAGS", "TAR_OPTIONS", "PERLLIB", "PROMPT_COMMAND", "EDITOR", "makeflags", "KEY_FILE"]) {
    for (const command of [
      ["run", "-c", `apikey:one=${name}`, "--", "true"],
      ["export", "-c", `apikey:one=${name}`],
      [...login, "--force", "--env", name],
    ]) {
      const ended = await it.call(command, { stdin: "k2" });
      expect({ command, code: ended.code, out: ended.stdout }).toEqual({ command, code: 64, out: "" });
      expect(ended.stderr).toContain(name);
    }
  }
  expect((await it.call(["export", "-c", "apikey:one=GH_TOKEN_WORK"])).stdout).toContain("export GH_TOKEN_WORK='k1'");
});
