/** Every format is read back by the programs that it is for: any value comes back as it was, and none is run. */
import { describe, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "dotenv";
import * as fc from "fast-check";
import { type ExportFormat, formatVariables, forWorkflow } from "../../src/inject/formats.ts";
import { lacking } from "../support/needs.ts";
import { run, tempFolder } from "../support/program.ts";

type Values = readonly string[];

/** Whatever a token or host may be, and worse. */
const anything = fc
  .oneof(
    fc.string({ unit: "grapheme", maxLength: 60 }),
    fc.string({ unit: fc.constantFrom(..."'\"\\$`!#;& \n\t%‘’{}()ax") }),
  )
  .filter((text) => !text.includes("\0") && text.isWellFormed());

/** Values that would run if their quoting failed. */
const HOSTILE = (mark: string): Values => [
  `'; touch ${mark}; '`,
  `'\\''; touch ${mark}; #`,
  `\\'; touch ${mark}; '\\`,
  `"; touch ${mark}; "`,
  `$(touch ${mark})`,
  `\`touch ${mark}\``,
  `(touch ${mark})`,
  `\n touch ${mark} \n`,
  `'\n touch ${mark} \n'`,
  `\\`,
  `'`,
  "''",
  "",
  "~",
  "!!",
  "%PATH%",
];

function named(values: Values): Record<string, string> {
  return Object.fromEntries(values.map((value, i) => [`V${i}`, value]));
}

/** Reads a format with a shell: each variable's value, as the environment of a child shows it. */
async function readBy(shell: string, script: string, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, i) => `V${i}`);
  const show = `${process.execPath} -e 'process.stdout.write(JSON.stringify(${JSON.stringify(names)}.map((n) => process.env[n])))'`;
  const { stdout, stderr } = await run([shell, "-c", `${script}\n${show}`], { cwd: tempFolder() });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout);
}

const SHELLS = [
  ["sh", "shell"],
  ["bash", "shell"],
  ["zsh", "shell"],
  ["fish", "fish"],
  // By mistake: `eval (auth export …)` without --format fish.
  ["fish", "shell"],
] as const satisfies readonly (readonly [string, ExportFormat])[];

for (const [shell, format] of SHELLS)
  describe.skipIf(shell !== "sh" && lacking(shell))(`--format ${format}, read by ${shell}`, () => {
    test("any value comes back", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(anything, { minLength: 20, maxLength: 40 }), async (values) => {
          expect(await readBy(shell, formatVariables(format, named(values)), values.length)).toEqual(values);
        }),
        { numRuns: 8 },
      );
    });

    test("no value is run", async () => {
      const mark = join(tempFolder(), "ran");
      const values = HOSTILE(mark);
      expect(await readBy(shell, formatVariables(format, named(values)), values.length)).toEqual([...values]);
      expect(existsSync(mark)).toBe(false);
    });
  });

test("--format powershell: a string ends only at an undoubled quote, straight or typographic", () => {
  fc.assert(
    fc.property(anything, (value) => {
      const [, name, quoted = ""] = /^\$env:(\w+) = '(.*)'\n$/s.exec(formatVariables("powershell", { V: value })) ?? [];
      expect(name).toBe("V");
      expect(quoted.replace(/(['‘’‚‛])\1/g, "")).not.toMatch(/['‘’‚‛]/);
      expect(quoted.replace(/(['‘’‚‛])\1/g, "$1")).toBe(value);
    }),
  );
});

test("--format json: any value comes back", () => {
  fc.assert(fc.property(anything, (value) => JSON.parse(formatVariables("json", { V: value })).V === value));
});

describe("--format dotenv", () => {
  /** null: refused, since no line means the same to all readers. */
  const written = (values: Values): string | null => {
    try {
      return formatVariables("dotenv", named(values));
    } catch {
      return null;
    }
  };

  /** Read by bash, by Node, and by the dotenv package. */
  async function readByAll(text: string, count: number): Promise<string[][]> {
    const file = join(tempFolder(), ".env");
    writeFileSync(file, text);
    const names = Array.from({ length: count }, (_, i) => `V${i}`);
    const show = `process.stdout.write(JSON.stringify(${JSON.stringify(names)}.map((n) => process.env[n])))`;
    const node = await run(["node", `--env-file=${file}`, "-e", show]);
    const bash = await readBy("bash", `set -a; . "${file}"; set +a`, count);
    const parsed = parse(text);
    return [bash, JSON.parse(node.stdout), names.map((name) => parsed[name] ?? "")];
  }

  test.skipIf(lacking("bash"))("what it writes comes back from bash, node --env-file and dotenv", async () => {
    let kept = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anything, { minLength: 20, maxLength: 40 }), async (all) => {
        const values = all.filter((value) => written([value]) !== null);
        kept += values.length;
        for (const read of await readByAll(written(values) ?? "", values.length)) expect(read).toEqual(values);
      }),
      { numRuns: 8 },
    );
    expect(kept).toBeGreaterThan(80);
  });

  test.skipIf(lacking("bash"))("tokens of real kinds are written", async () => {
    const values = [
      "ghp_abcDEF123",
      "ya29.a0-_x",
      "eyJ.eyJ.s-_",
      "abc~./+=",
      "sk-ant-api03-_",
      "it's",
      "pa$$word",
      "a b#c",
    ];
    for (const read of await readByAll(written(values) ?? "", values.length)) expect(read).toEqual(values);
  });

  test("what readers disagree on is refused, naming the variable", () => {
    for (const value of [`'"`, "'$HOME", "a\r", "x\\", "'`id`"])
      expect(() => formatVariables("dotenv", { MY_TOKEN: value })).toThrow("MY_TOKEN can't be written");
  });
});

describe("--format github-actions", () => {
  /** As the runner reads its file of variables: a name, a delimiter, lines up to it. */
  function read(file: string): Record<string, string> {
    const found: Record<string, string> = {};
    const all = file.split("\n");
    for (let i = 0; i < all.length - 1; i++) {
      const [, name = "", end] = /^(\w+)<<(.+)$/.exec(all[i] ?? "") ?? [];
      const from = i + 1;
      while (all[++i] !== end) if (i > all.length) throw new Error("no end");
      found[name] = all.slice(from, i).join("\n");
    }
    return found;
  }

  test("any value comes back, and can't set another variable", () => {
    fc.assert(
      fc.property(fc.array(anything, { minLength: 1, maxLength: 5 }), (values) => {
        expect(read(forWorkflow(named(values), []).file)).toEqual(named(values));
      }),
    );
  });

  test("each line of a secret is masked, and nothing else", () => {
    const { masks } = forWorkflow({ GH_TOKEN: "a%b\nc", GH_HOST: "github.com" }, ["a%b\nc"]);
    expect(masks).toBe("::add-mask::a%25b\n::add-mask::c\n");
  });
});
