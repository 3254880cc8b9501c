/** The design pages are the contract: what the source refers to is there, and what they name exists. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, isGroup } from "../../src/cli/command.ts";
import { EXIT_CODES } from "../../src/cli/exit.ts";
import { OURS } from "../../src/cli/help/environment.ts";
import { root } from "../../src/cli/root.ts";
import { AUDIT_EVENTS } from "../../src/platform/audit-event.ts";

const ROOT = join(import.meta.dir, "..", "..");
const DESIGN = join(ROOT, "docs", "design");

function filesOf(folder: string, pattern: RegExp): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => pattern.test(name) && !name.includes("node_modules"))
    .map((name) => join(folder, name));
}

const sources = [
  ...["src", "providers", "test", ".ci"].flatMap((folder) => filesOf(folder, /\.(ts|mjs|sh)$/)),
  ...filesOf("docs", /\.md$/),
  ...["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"],
];

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const page = (name: string): string => readFileSync(join(DESIGN, `${name}.md`), "utf8");

/** `§3`: a section of any page. `3.4`: a numbered rule of RULES.md. */
function exists(name: string, place: string): boolean {
  const [section = "", rule] = place.replace("§", "").split(".");
  const text = page(name)
    .split(new RegExp(`^## ${section}\\. `, "m"))[1]
    ?.split(/^## /m)[0];
  if (text === undefined) return false;
  return rule === undefined || new RegExp(`^${rule}\\. `, "m").test(text);
}

describe("references to the design pages", () => {
  const REFERENCE = /\b(DESIGN|CLI|RULES|PROVIDERS)(?:\.md)?,? ?(§\d+|\d+\.\d+)/g;

  const references = sources.flatMap((path) =>
    [...read(path).matchAll(REFERENCE)].map(([text, name = "", place = ""]) => ({ path, text, name, place })),
  );

  test("each names a section or rule that exists", () => {
    expect(references.length).toBeGreaterThan(100);
    const broken = references.filter(({ name, place }) => !exists(name, place));
    expect(broken.map(({ path, text }) => `${path}: ${text}`)).toEqual([]);
  });

  test("all are spelled alike, with the name of the page's file", () => {
    const others = references.filter(({ text, name, place }) => text !== `${name}.md ${place}`);
    expect(others.map(({ path, text }) => `${path}: ${text}`)).toEqual([]);
  });

  test("a reference to what isn't there would be found", () => {
    expect([exists("RULES", "2.4"), exists("RULES", "2.99"), exists("CLI", "§9")]).toEqual([true, false, false]);
  });

  test("links between the pages lead to files", () => {
    for (const name of readdirSync(DESIGN))
      for (const [, target = ""] of readFileSync(join(DESIGN, name), "utf8").matchAll(/\]\(([^)#:]+)\)/g))
        expect(`${name}: ${target} ${existsSync(join(DESIGN, target))}`).toBe(`${name}: ${target} true`);
  });
});

describe("what CLI.md names", () => {
  const cli = page("CLI");
  const table = cli.split("## 2. Exit codes")[1]?.split("`run`:")[0] ?? "";

  test("its table of exit codes is the one in the source", () => {
    const rows = [...table.matchAll(/^\| (\d+) \|[^|]*\|([^|\n]*)\|$/gm)].flatMap(([, exit, codes = ""]) =>
      [...codes.replaceAll(/\([^)]*\)/g, "").matchAll(/`(\w+)`/g)].map(
        ([, code = ""]) => [code, Number(exit)] as const,
      ),
    );
    expect(Object.fromEntries(rows)).toEqual(EXIT_CODES);
  });

  test("its list of audit events is the one in the source", () => {
    const [, list = ""] = /Events: `([a-z_\s]+)`/.exec(cli) ?? [];
    expect(list.split(/\s+/)).toEqual([...AUDIT_EVENTS]);
  });

  test("every command exists, or is in the list of planned ones", async () => {
    const [built = "", planned = ""] = cli.split("## 6. Planned commands");
    const words = [...built.matchAll(/`auth ([a-z]+)(?: ([a-z][a-z|-]*))?/g)];
    expect(words.length).toBeGreaterThan(20);
    for (const [text, name = "", below = ""] of words) {
      if (name === "help") continue;
      const load = commandsOf(root)[name];
      if (load === undefined) expect(`${text}: ${planned.includes(name)}`).toBe(`${text}: true`);
      else {
        const command = (await load()).default;
        if (!isGroup(command)) continue;
        for (const word of below.split("|").filter(Boolean)) expect(Object.keys(command.commands)).toContain(word);
      }
    }
  });

  const commandsOf = (command: Command) => (isGroup(command) ? command.commands : {});
});

describe("environment variables", () => {
  /** `AUTH_TEST…` is only in test builds; a name that ends in `_` is a prefix. */
  const OWN = /\bAUTH_(?!TEST)[A-Z]+(?:_[A-Z]+)*\b/g;
  const known = new Set(OURS.map(([name]) => name));
  const isKnown = (name: string): boolean =>
    known.has(name) || /^AUTH_[A-Z]+(_[A-Z]+)*_CLIENT(_ID|_SECRET)?$/.test(name) || name === "AUTH_SAMPLE";

  test("each one that the source reads is in the table that help and docs/reference.md print", () => {
    const inSource = filesOf("src", /\.ts$/).flatMap((path) => [...read(path).matchAll(OWN)].map(([name]) => name));
    expect([...new Set(inSource)].filter((name) => !isKnown(name))).toEqual([]);
  });

  test("each one that a page names is in that table", () => {
    const named = filesOf("docs", /\.md$/).flatMap((path) => [...read(path).matchAll(OWN)].map(([name]) => name));
    const planned = ["AUTH_KEY_", "AUTH_NOTIFY_COMMAND", "AUTH_CLIENT_METADATA_URL", "AUTH_SECRET"];
    expect([...new Set(named)].filter((name) => !isKnown(name) && !planned.includes(name))).toEqual([]);
  });
});
