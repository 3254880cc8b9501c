/** Recipes for programs that can't be had here: their scripts, and then what the program itself would call. Of others, a failure. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Ended, run, tempFolder } from "../support/program.ts";
import { pathWithAuth, recipe } from "../support/recipes.ts";
import { startTokenHost, type TokenHost } from "../support/token-host.ts";

let host: TokenHost;
let home: string;

beforeAll(async () => {
  host = startTokenHost(() => new Response("nothing here", { status: 404 }));
  await host.logIn("work");
  home = tempFolder();
});
afterAll(() => host.stop());

async function perform(script: string): Promise<void> {
  const env = { ...host.env, HOME: home, PATH: pathWithAuth() };
  expect(await run(["sh", "-e", "-c", script], { env })).toMatchObject({ code: 0, stderr: "" });
}

function call(command: readonly string[], env: Record<string, string> = {}, stdin = ""): Promise<Ended> {
  return run(command, { env: { ...host.env, ...env }, stdin });
}

const token = () => host.issued.at(-1)?.token;

test("Terraform: the plugin by its name, with the arguments of its configuration, a verb and a host", async () => {
  await perform(recipe("Terraform and OpenTofu", 0, {}));
  expect(readFileSync(join(home, ".terraformrc"), "utf8")).toBe('credentials_helper "auth" {}\n');
  const helper = join(home, ".terraform.d", "plugins", "terraform-credentials-auth");
  expect(await call([helper, "get", "app.terraform.io"])).toMatchObject({ code: 0, stdout: "{}\n", stderr: "" });

  const [, list = ""] = /args = (\[.*\])/.exec(recipe("Terraform and OpenTofu", 1, {})) ?? [];
  const args = JSON.parse(list) as string[];
  const { code, stdout } = await call([helper, ...args, "get", "terraform.example"]);
  expect({ code, answer: JSON.parse(stdout) }).toEqual({ code: 0, answer: { token: token() } });
  const elsewhere = await call([helper, ...args, "get", "evil.example"]);
  expect(elsewhere).toMatchObject({ code: 1, stdout: "" });
  const stored = await call([helper, ...args, "store", "terraform.example"], {}, '{"token":"new"}');
  expect(stored).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/^auth: Nothing is stored .*\n$/),
  });
});

test("Vault: the helper of the configuration, with one word and VAULT_ADDR", async () => {
  await perform(recipe("Vault and OpenBao", 0, {}));
  const [, helper = ""] = /^token_helper = "(.*)"$/m.exec(readFileSync(join(home, ".vault"), "utf8")) ?? [];
  const at = { VAULT_ADDR: host.url };
  expect(await call([helper, "get"], at)).toMatchObject({ code: 0, stdout: token() ?? "", stderr: "" });
  const elsewhere = { VAULT_ADDR: "https://vault.example:8200" };
  expect(await call([helper, "get"], elsewhere)).toMatchObject({ code: 0, stdout: "", stderr: "" });
  expect(await call([helper, "store"], at, "hvs.new")).toMatchObject({ code: 1, stdout: "" });
});

test("Bazel: the script of the host's line, with a request on standard input", async () => {
  const { host: name } = new URL(host.url);
  const script = recipe("Bazel", 0, { "*.remote.example": name });
  await perform(`mkdir -p ~/bin\n${script}`);
  const line = readFileSync(join(home, ".bazelrc"), "utf8");
  const [, helper = ""] = /^common --credential_helper=[^=]+=(.*)$/m.exec(line) ?? [];
  const env = { PATH: pathWithAuth() };
  const { code, stdout } = await call([helper, "get"], env, JSON.stringify({ uri: `${host.url}/cache/blob` }));
  expect([code, JSON.parse(stdout).headers]).toEqual([0, { Authorization: [`Bearer ${token()}`] }]);
  expect(await call([helper, "get"], env, '{"uri":"https://other.example/"}')).toMatchObject({
    code: 0,
    stdout: "{}\n",
  });
});

test("uv: keyring without a user name is answered by a name and a password", async () => {
  const keyring = join(tempFolder(), "keyring");
  await perform(`ln -s "$(command -v auth)" '${keyring}'`);
  const creds = ["--mode", "creds"];
  const answer = { code: 0, stdout: `work\n${token()}\n`, stderr: "" };
  for (const service of [`${host.url}/simple/`, new URL(host.url).host])
    expect(await call([keyring, "get", service, ...creds])).toMatchObject(answer);
  expect(await call([keyring, "get", "https://other.example/", ...creds])).toMatchObject({
    code: 1,
    stdout: "",
    stderr: "",
  });
});

test("Google's libraries: an opaque token is a failure in JSON, with nothing on stderr, which they read as well", async () => {
  const env = { GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE: "urn:ietf:params:oauth:token-type:jwt" };
  for (const connection of ["oidc:work", "oidc:gone"]) {
    const { code, stdout, stderr } = await host.call(["helper", "adc", connection], { env });
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ version: 1, success: false, message: expect.stringMatching(/^auth: /) });
  }
});

test("Azure's libraries: az by its name, and az login in what a missing login says", async () => {
  const script = recipe("Azure's libraries", 0, {});
  const env = { ...host.env, HOME: tempFolder(), PATH: pathWithAuth() };
  const missing = await run(["sh", "-e", "-c", script], { env });
  expect(missing).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(/^auth: .*az login.*\n$/) });
  const other = await run(["sh", "-c", script.replace(/az account .*/, "az version")], { env });
  expect(other).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("get-access-token") });
});
