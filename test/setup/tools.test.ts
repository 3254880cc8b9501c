/** What single tools look out for in the files of their programs. */
import { expect, test } from "bun:test";
import { surroundingsOf } from "../../src/platform/places.ts";
import { hostsFor } from "../../src/setup/hosts.ts";
import { TOOLS } from "../../src/setup/table.ts";
import type { Planned, SetupCall } from "../../src/setup/tool.ts";

/** @param files what there is, by path */
async function planned(
  tool: string,
  call: Partial<SetupCall>,
  files: Readonly<Record<string, string>> = {},
): Promise<Planned> {
  const loaded = await TOOLS[tool]?.load();
  if (loaded === undefined) throw new Error("There is no such tool.");
  return loaded.plan({
    ...surroundingsOf({ HOME: "/home/me", PATH: "" }),
    ...{ platform: "linux", folder: "/home/me", connection: null, words: [], name: null, context: null },
    ...{ audience: null, rest: [], replace: false, system: false, auth: "/bin/auth", bin: "/bin", files: "/known" },
    ...{ profile: null, hasLogin: async () => false },
    origins: async () => ["https://git.example"],
    textOf: async (path) => files[path] ?? null,
    ...call,
  });
}

test("git: another helper is told by its host, without the password that its section has", async () => {
  const text = '[credential "https://bob:SuperSecret@git.example/team"]\n\thelper = other\n';
  const { message } = await planned("git", {}, { "/home/me/.gitconfig": text }).catch((error) => error);
  expect(message).toBe("/home/me/.gitconfig has another helper already: credential.https://git.example.helper.");
});

test("aws: keys of the profile are seen also where the header has a comment", async () => {
  const call = { connection: "aws-sso", name: "work" };
  const keys = { "/home/me/.aws/credentials": "[work] # mine\naws_access_key_id = x\n" };
  const { message } = await planned("aws", call, keys).catch((error) => error);
  expect(message).toContain("has keys for 'work'");
});

test("aws: a default profile that is written in full is the one that gets it", async () => {
  const call = { connection: "aws-sso", name: "default" };
  const sectionOf = ({ wanted: [one] }: Planned): unknown => one?.change.kind === "lines" && one.change.section;
  expect(sectionOf(await planned("aws", call))).toBe("[default]");
  const config = { "/home/me/.aws/config": "[profile default] # mine\n" };
  expect(sectionOf(await planned("aws", call, config))).toBe("[profile default]");
});

test("pip: what a command's own section sets instead is told, since it goes first", async () => {
  const notesFor = async (text: string): Promise<readonly string[]> =>
    (await planned("pip", {}, { "/home/me/.config/pip/pip.conf": text })).notes ?? [];
  const found = expect.stringContaining("[install] in /home/me/.config/pip/pip.conf sets keyring-provider");
  expect(await notesFor("[install]\nkeyring_provider: disabled\n")).toContainEqual(found);
  for (const text of [
    "",
    "[install]\nkeyring-provider = subprocess\n",
    "[install]\nuser = true\n[freeze]\nkeyring-provider = x\n",
  ])
    expect(await notesFor(text)).not.toContainEqual(found);
});

test.each([
  ["git", ["https://github.com"]],
  ["docker", ["https://ghcr.io"]],
  ["pnpm", ["https://npm.pkg.github.com"]],
  ["bazel", ["https://github.com"]],
])("%s gets the hosts of its own kind, else those that may serve anything", (tool, hosts) => {
  const names = ["api.github.com", "ghcr.io", "github.com", "npm.pkg.github.com", "nuget.pkg.github.com"];
  expect(
    hostsFor(
      tool,
      names.map((name) => `https://${name}`),
    ),
  ).toEqual(hosts);
  expect(hostsFor(tool, ["https://git.example"])).toEqual(["https://git.example"]);
});
