/** The list from which a person chooses: its keys, its search, what it draws. On a real terminal, and without one. */
import { beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { KeyReader } from "../../src/platform/keys.ts";
import { type Choice, Menu } from "../../src/platform/menu.ts";
import { compile, onTerminal } from "../support/program.ts";

const CHOICES: readonly Choice[] = [
  ...["GitHub", "Google", "Sentry"].map((label) => ({ value: label.toLowerCase(), label })),
  { value: "oidc", label: "OpenID Connect", hint: "any other issuer, by its URL", names: ["sso"] },
  ...Array.from({ length: 30 }, (_, i) => ({ value: `more-${i}`, label: `More ${i}`, further: true })),
];

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What is chosen after these keys; null for given up, undefined for not yet. */
function after(typed: string, pieces = 1): string | null | undefined {
  const menu = new Menu(CHOICES);
  const keys = new KeyReader();
  const all = bytes(typed);
  const size = Math.max(1, Math.ceil(all.length / pieces));
  for (let at = 0; at < all.length; at += size)
    for (const key of keys.feed(all.slice(at, at + size))) {
      const end = menu.press(key);
      if (end !== undefined) return end === null ? null : end.value;
    }
  return undefined;
}

describe("keys", () => {
  for (const [name, typed, chosen] of [
    ["Enter takes the first", "\r", "github"],
    ["arrows move", "\x1b[B\x1b[B\x1b[A\r", "google"],
    ["so they do in a terminal's application mode, and as Ctrl-N and Ctrl-P", "\x1bOB\x0e\x10\r", "google"],
    ["up from the first is the last", "\x1b[A\r", "more-29"],
    ["Home, End and pages", "\x1b[F\x1b[5~\x1b[H\x1b[6~\r", "more-6"],
    ["what is typed searches", "sen\r", "sentry"],
    ["so it does in hints and values", "issuer\r", "oidc"],
    ["and in other names", "sso\r", "oidc"],
    ["Backspace and Ctrl-U take it back", "senx\x7f\x15goo\r", "google"],
    ["Enter on nothing found does nothing", "zzz\r", undefined],
    ["Ctrl-C gives up", "sen\x03", null],
    ["so it does after Esc, and in the middle of a sequence", "\x1b\x03", null],
    ["so it does in a sequence that has no end", "\x1b[1;\x03", null],
    ["Alt and Backspace is Backspace", "senx\x1b\x7f\r", "sentry"],
    ["keys that mean nothing do nothing", "\x1b[3~\x1b[1;5C\x1bx\t\r", "github"],
  ] as const)
    test(name, () => {
      expect(after(typed)).toBe(chosen);
      // However the terminal cuts what it sends.
      expect(after(typed, 1000)).toBe(chosen);
    });

  test("no bytes at all make it fail, and what it draws is always within its rows", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (random) => {
        const menu = new Menu(CHOICES);
        for (const key of new KeyReader().feed(random)) if (menu.press(key) !== undefined) break;
        for (const height of [2, 3, 8, 24]) expect(menu.lines("Which?", height).length).toBeLessThanOrEqual(height);
        const lines = menu.lines("Which?");
        expect(lines.length).toBeLessThanOrEqual(12);
        expect(lines.join("")).not.toMatch(/\p{Cc}/u);
      }),
      { numRuns: 500 },
    );
  });
});

test("the list shows where one is, and a part around it", () => {
  const menu = new Menu(CHOICES);
  expect(menu.lines("Which?").slice(0, 3)).toEqual(["Which? ", "❯ GitHub", "  Google"]);
  for (const key of new KeyReader().feed(bytes("\x1b[B".repeat(20)))) menu.press(key);
  const lines = menu.lines("Which?");
  expect(lines).toContain("❯ More 16");
  expect(lines.at(-1)).toBe("  21 of 34. Up, down, Enter; type to search.");
  const few = menu.lines("Which?", 5);
  expect(few).toEqual(["Which? ", "  More 15", "❯ More 16", "  More 17", lines.at(-1) ?? ""]);
});

describe("on a terminal", () => {
  let probe: string;
  beforeAll(async () => {
    probe = await compile("test/support/prompt-probe.ts");
  }, 60_000);

  for (const columns of [100, 80, 40])
    test(`no key is echoed over the list (${columns} columns)`, async () => {
      const terminal = onTerminal([probe, "choose"], { columns });
      await terminal.waitFor("type to search");
      for (const key of ["\x1b[B", "\x1b[A", "\x1b[B"]) terminal.type(key);
      await terminal.waitFor("❯ Two");
      terminal.type("\r");
      await terminal.waitFor('answer: "2"');
      expect((await terminal.ended).code).toBe(0);
      expect(terminal.screen()).not.toContain("^[");
      // Each drawing begins by taking the last one away, and leaves the cursor to be seen at the end.
      expect(terminal.screen()).toContain("\x1b[3A\r\x1b[J");
      expect(terminal.screen().lastIndexOf("\x1b[?25h")).toBeGreaterThan(terminal.screen().lastIndexOf("\x1b[?25l"));
      for (const line of terminal.screen().split(/\r\n|\r/))
        expect(Bun.stringWidth(Bun.stripANSI(line))).toBeLessThan(columns);
    });

  test("Esc alone gives up: exit 130", async () => {
    const terminal = onTerminal([probe, "choose"]);
    await terminal.waitFor("type to search");
    terminal.type("\x1b");
    const { code } = await terminal.ended;
    expect([code, terminal.screen()]).toEqual([130, expect.stringContaining("interrupted: Cancelled.")]);
  });

  test("where TERM is dumb, an answer that nothing matches is said to be one", async () => {
    const terminal = onTerminal([probe, "choose"], { env: { TERM: "dumb" } });
    let from = 0;
    for (const answer of ["zzz", "999"]) {
      await terminal.waitFor("Number, or part of a name: ", from);
      from = terminal.screen().length;
      terminal.type(`${answer}\r`);
      await terminal.waitFor("Nothing has that in its name.\r\nWhich?", from);
    }
    terminal.type("tw\r");
    expect((await terminal.ended).code).toBe(0);
  });

  test("where TERM is dumb it is a numbered list, without a single escape", async () => {
    const terminal = onTerminal([probe, "choose"], { env: { TERM: "dumb" } });
    await terminal.waitFor("Number, or part of a name: ");
    expect(terminal.screen()).toContain("  1  One\r\n  2  Two\r\n");
    terminal.type("3\r");
    await terminal.waitFor("Number, or part of a name: ", terminal.screen().length);
    terminal.type("tw\r");
    await terminal.waitFor('answer: "2"');
    expect((await terminal.ended).code).toBe(0);
    expect(terminal.screen()).not.toContain("\x1b");
  });
});
