/** Files as people and programs write them: what is added is read back as it was meant, or nothing is written. */
import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { applied, type Change, type JsonChange, type LinesChange, type YamlChange } from "../../src/setup/change.ts";
import { carryOut, planSetup, planUndo } from "../../src/setup/engine.ts";
import { formatOf } from "../../src/setup/layers.ts";
import { tempFolder } from "../support/program.ts";

const PIP: LinesChange = {
  kind: "lines",
  label: "pip",
  lines: ["keyring-provider = subprocess"],
  section: "[global]",
  setting: "keyring-provider",
};
const CARGO: LinesChange = {
  kind: "lines",
  label: "cargo corp",
  lines: ['credential-provider = ["cargo-credential-auth"]'],
  section: "[registries.corp]",
  setting: "credential-provider",
  syntax: "toml",
};
const UV: LinesChange = {
  ...PIP,
  label: "uv",
  lines: ['keyring-provider = "subprocess"'],
  section: "",
  syntax: "toml",
};
const KEY: JsonChange = { kind: "json", path: ["apiKeyHelper"], value: "auth token x" };
const USER: YamlChange = { kind: "yaml", list: "users", item: "work", path: [], value: { user: {} } };

/** The text with it, or what refuses it. */
async function added(text: string, change: Change, mayReplace = false): Promise<string> {
  const result = await (await formatOf(change)).add(text, change, mayReplace);
  return applied(text, result?.edits ?? []);
}

async function faultOf(text: string, change: Change, mayReplace = false): Promise<string> {
  return added(text, change, mayReplace).then(
    (result) => `It wasn't refused: ${result}`,
    (error: Error) => `${error.constructor.name}: ${error.message}`,
  );
}

for (const [header, change] of [
  ["[global] # mine", PIP],
  ["[global] ; mine", PIP],
  ["[profile work] # mine", { ...PIP, section: "[profile work]" }],
  ['[profile "work"]', { ...PIP, section: "[profile work]" }],
  ["[registries.corp] # mine", CARGO],
  ['[registries."corp"]', CARGO],
] as const)
  test(`what belongs to a section goes under its header, also where that is written ${header}`, async () => {
    const text = await added(`${header}\nindex = "x"\n`, change);
    expect(text.split("\n").filter((line) => line.startsWith("["))).toEqual([header]);
    expect(text).toContain(change.lines[0] ?? "");
  });

const ELSEWHERE = "Unreadable: says something about it elsewhere, in a form that can't be added to";

test.each([
  ["goes on with ours", "[global]\n  timeout = 60\n", PIP, ELSEWHERE],
  ["is of another section", "[ global ]\ntimeout = 60\n", PIP, ELSEWHERE],
  ["is twice there", "[global]\n[global]\n", PIP, "Unreadable: has [global] twice, which its program refuses"],
  ["is no INI", "timeout = 60\n", PIP, "Unreadable: has a line that its program refuses: no setting of a section"],
  ["is text over several lines", 'x = """\n[registries.corp]\n"""\n', CARGO, ELSEWHERE],
  ["is text over several lines, replaced", "x = '''\nkeyring-provider = \n'''\n", UV, ELSEWHERE],
])("a file in which a program would read something else is refused: it %s", async (_, text, change, fault) => {
  expect(await faultOf(text, change, true)).toBe(fault);
});

test("a file that ends in the middle of a line gets nothing after it", async () => {
  const change: LinesChange = { ...PIP, section: null, setting: null };
  expect(await faultOf("common --x \\\n", change)).toBe(
    "Unreadable: ends with a backslash, and so in the middle of a line",
  );
});

test("pip's setting is found under both of its spellings", async () => {
  const text = "[global]\nkeyring_provider = import\n";
  expect(await faultOf(text, PIP)).toBe("InTheWay: keyring-provider is set");
  expect(await added(text, PIP, true)).toContain("# replaced by auth setup: keyring_provider = import\n");
});

test("a file that is nested without end is refused, before a reader's stack ends", async () => {
  const deep = 20_000;
  const json = `{"a":${"[".repeat(deep)}${"]".repeat(deep)}}`;
  expect(await faultOf(json, KEY)).toBe("Unreadable: is nested more than 200 deep");
  expect(await faultOf(`a: ${"[".repeat(deep)}${"]".repeat(deep)}\n`, USER)).toStartWith("Unreadable: ");
});

test.each([
  ["/opt/bin/key.sh", true],
  ["~/key.sh", true],
  ["ecr-login", true],
  ["sk-ant-api03-AbCdEf", false],
  ["d41d8cd98f00b204e9800998ecf8427e", false],
  ["ghp_abcdefghijklmnop", false],
])("%s in the place of ours is replaced, and so recorded: %p", async (value, isReplaced) => {
  const text = JSON.stringify({ apiKeyHelper: value });
  const fault = await faultOf(text, KEY, true);
  expect(fault.includes("may hold a secret")).toBe(!isReplaced);
});

async function setUp(text: string, change: Change) {
  const folder = tempFolder();
  const [known, path] = [join(folder, "auth"), join(folder, "file")];
  writeFileSync(path, text);
  const plan = () =>
    planSetup(known, "tool", [{ name: "x", path, change }], { words: [], replace: true, system: false });
  await carryOut(await plan());
  return { known, path, plan };
}

test("a file that is no JSON any more is refused in words, and not told as a fault of ours", async () => {
  const { known, path, plan } = await setUp("{}", KEY);
  writeFileSync(path, "no json");
  expect(await plan().catch(({ code }) => code)).toBe("setup_refused");
  expect(await planUndo(known, () => true, false).catch(({ code }) => code)).toBe("setup_refused");
});

test.each([
  ["JSON", '{"apiKeyHelper":"desktop"}', KEY],
  ["YAML", "users: []\n", USER],
  ["a link", "", { kind: "link", to: "/nowhere/auth" }],
] as const)("a record of %s that lacks what was replaced is called damaged", async (_, text, change) => {
  const folder = tempFolder();
  mkdirSync(join(folder, "auth"));
  const record = {
    format: 1,
    files: [
      {
        path: join(folder, "file"),
        folder: null,
        layers: [
          {
            parts: [{ tool: "tool", name: "x", words: [], change, isOurs: true, was: null }],
            before: null,
            after: "",
            edits: [],
          },
        ],
      },
    ],
  };
  writeFileSync(join(folder, "auth", "record.json"), JSON.stringify(record));
  writeFileSync(join(folder, "file"), text);
  const { code, message } = await planUndo(join(folder, "auth"), () => true, false).catch((error) => error);
  expect([code, message]).toEqual(["setup_refused", expect.stringContaining("it is damaged")]);
  expect(readFileSync(join(folder, "file"), "utf8")).toBe(text);
});
