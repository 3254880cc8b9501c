/** `--yes` and `--ci <hash>` mean the same in `provider check`, `add` and `trust`: nobody is asked; by a hash, for one file only. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { errorOf } from "../support/logged-in.ts";
import { manifest, type PluginHome, pluginHome } from "../support/plugin-home.ts";

let it: PluginHome;
beforeAll(() => {
  it = pluginHome();
});
afterAll(() => it.stop());

const OTHER = `sha256-${"0".repeat(64)}`;

const SOURCE = `import { defineProvider } from "auth/provider";
export default defineProvider({
  id: "odd",
  title: "Odd",
  endpoints: { authorization: "https://odd.example/authorize", token: "https://odd.example/token" },
  functions: { reply: ({ body }) => body },
  flows: ["browser"],
});
`;

async function hashOf(path: string): Promise<string> {
  return `sha256-${new Bun.CryptoHasher("sha256").update(await Bun.file(path).bytes()).digest("hex")}`;
}

test("a module: checked, added and trusted by the hash that was looked at, or by --yes", async () => {
  const file = it.file("odd.ts", SOURCE);
  const hash = await hashOf(file);
  for (const how of [["--ci", hash], ["--yes"]]) {
    expect((await it.call(["provider", "check", file, ...how])).code).toBe(0);
    const added = await it.call(["provider", "add", file, ...how, "--json"]);
    expect(JSON.parse(added.stdout)).toMatchObject({ provider: "odd", hash, trust: "untrusted" });
    const trusted = await it.call(["provider", "trust", "odd", ...how, "--json"]);
    expect(JSON.parse(trusted.stdout)).toEqual({ provider: "odd", trust: "trusted", hash });
    expect((await it.call(["provider", "remove", "odd"])).code).toBe(0);
  }
});

test("attack: with another hash nothing of a file is run, added or trusted, whatever else is said", async () => {
  const marker = `${it.folder}-ran`;
  const file = it.file("evil.ts", `require("node:fs").writeFileSync(${JSON.stringify(marker)}, "x");\n${SOURCE}`);
  const plain = it.file("acme.toml", manifest(it.issuer.server.url));
  for (const more of [[], ["--yes"]]) {
    for (const command of ["check", "add"])
      for (const path of [file, plain]) {
        const refused = await it.call(["provider", command, path, "--ci", OTHER, ...more, "--json"]);
        expect(errorOf(refused)).toMatchObject({ code: "plugin_untrusted", exitCode: 9 });
        expect(errorOf(refused).message).toContain("is not the file with that hash");
      }
    expect((await it.call(["provider", "list"])).stdout).not.toContain("acme");
  }
  it.drop("odd.ts", SOURCE);
  const refused = await it.call(["provider", "trust", "odd", "--ci", OTHER, "--yes", "--json"]);
  expect(errorOf(refused)).toMatchObject({ code: "plugin_untrusted" });
  expect(await Bun.file(marker).exists()).toBe(false);
});

test("a hash where there is no file to have it is refused", async () => {
  const known = await it.call(["provider", "check", "github", "--ci", OTHER, "--json"]);
  expect(errorOf(known)).toMatchObject({ code: "usage", message: "--ci is a file's hash." });
  const catalogue = it.file("providers.yaml", "acme:\n  auth_mode: API_KEY\n");
  const from = await it.call(["provider", "add", "--from", catalogue, "acme", "--ci", OTHER, "--json"]);
  expect(errorOf(from)).toMatchObject({ code: "usage" });
});

test("a module as a manifest: what a manifest can't say is named on stderr, and in the file", async () => {
  it.drop("odd.ts", SOURCE);
  expect((await it.call(["provider", "trust", "odd", "--yes"])).code).toBe(0);
  const { stdout, stderr } = await it.call(["provider", "show", "odd", "--toml"]);
  const said = "Left out: its functions (reply), which a module alone can have.";
  expect(stderr).toContain(said);
  expect(stdout).toContain(`# ${said}\n`);
  const copy = it.file("odd.toml", stdout);
  expect((await it.call(["provider", "check", copy])).code).toBe(0);
});
