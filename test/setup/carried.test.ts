/** What others set in a line that ours takes the place of: carried over where the tool reads a list of plain words, else refused. */
import { expect, test } from "bun:test";
import type { SetupCall, Tool } from "../../src/setup/tool.ts";
import ansible from "../../src/setup/tools/ansible.ts";
import go from "../../src/setup/tools/go.ts";

/** The line that the tool gets where its file has this text, and what is said besides. */
async function planned(tool: Tool, text: string, replace = false): Promise<{ line: string; notes: string }> {
  const call = {
    ...{ env: {}, platform: "linux", home: "/home/me", folder: "/home/me" },
    ...{ connection: "apikey:mine", rest: [], replace, auth: "/bin/auth", bin: "/home/me/bin" },
    textOf: async () => text,
  } as unknown as SetupCall;
  const { wanted, notes = [] } = await tool.plan(call);
  const change = wanted.at(-1)?.change;
  if (change?.kind !== "lines") throw new Error("no line");
  return { line: change.lines.join("\n"), notes: notes.join("\n") };
}

const GO = "/bin/auth helper go apikey:mine";
const ID = "apikey:mine@/home/me/bin/auth-client";

test.each([
  ["", `GOAUTH=netrc; ${GO}`],
  ["GOFLAGS=-v\n", `GOAUTH=netrc; ${GO}`],
  ["GOAUTH=off\n", `GOAUTH=${GO}`],
  ["GOAUTH=netrc;git /home/me/src\r\n", `GOAUTH=netrc; git /home/me/src; ${GO}`],
])("go, with %j", async (text, line) => {
  expect((await planned(go, text)).line).toBe(line);
  expect((await planned(go, text, true)).line).toBe(`GOAUTH=${GO}`);
});

test.each([
  ["", ID],
  ["[defaults]\nvault_identity_list = dev@~/.dev\n", `dev@~/.dev, ${ID}`],
  ["[defaults]\nvault_identity_list: dev@~/.dev,prod@prompt ; mine, too\n", `dev@~/.dev, prod@prompt, ${ID}`],
  ["[defaults]\nvault_identity_list = ; none\n", ID],
  ["[other]\nvault_identity_list = dev@~/.dev\n[defaults]\nforks = 3\n", ID],
])("Ansible, with %j", async (text, value) => {
  expect((await planned(ansible, text)).line).toBe(`vault_identity_list = ${value}`);
  expect((await planned(ansible, text, true)).line).toBe(`vault_identity_list = ${ID}`);
});

test.each([
  [go, "GOAUTH=my-helper --password hidden-value\n"],
  [go, "GOAUTH=my-helper 'hidden-value x'\n"],
  [go, "GOAUTH=my-helper $(hidden-value)\n"],
  [go, "GOAUTH=netrc;;hidden-value\n"],
  [ansible, "[defaults]\nvault_identity_list = 'dev@hidden-value'\n"],
  [ansible, "[defaults]\nvault_identity_list = dev@hidden-value #x\n"],
  [ansible, "[defaults]\nvault_identity_list = dev@{{CWD}}/hidden-value\n"],
] as const)(
  "what isn't plain is refused without showing it, and --replace goes on without it: %#",
  async (tool, text) => {
    const error = await planned(tool, text).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "setup_refused", hint: expect.stringContaining("--replace") });
    expect(String((error as Error).message)).not.toContain("hidden-value");
    const { line, notes } = await planned(tool, text, true);
    expect(line + notes).not.toContain("hidden-value");
  },
);
