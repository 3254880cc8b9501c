/** A choice from a list, searched by typing. The terminal is raw throughout, so that no key is echoed over the list. */
import type { Environment } from "./context.ts";
import { AuthError } from "./errors.ts";
import { type Key, KeyReader } from "./keys.ts";
import { askText } from "./prompt.ts";
import { openTerminal } from "./raw-terminal.ts";
import { canDraw, columns, rows } from "./terminal.ts";

export interface Choice {
  readonly value: string;
  readonly label: string;
  /** Behind the label; searched as well. */
  readonly hint?: string;
  /** Further names by which it is found. */
  readonly names?: readonly string[];
  /** Where the list is printed rather than drawn, this one is found only by its name: there are too many. */
  readonly further?: boolean;
}

/** Entries shown at once, where the terminal is high enough: the question and a line of help go with them. */
const ROWS = 10;
/** An escape sequence comes in one piece, or nearly: what follows Esc later is a key of its own. */
const ESCAPE_MS = 100;
const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";

/**
 * @returns the value of the choice
 * @throws AuthError `interrupted` on Ctrl-C or Esc
 */
export async function choose(question: string, choices: readonly Choice[], env: Environment): Promise<string> {
  return canDraw(env) ? chooseFromList(question, choices) : chooseByNumber(question, choices, env);
}

async function chooseFromList(question: string, choices: readonly Choice[]): Promise<string> {
  const terminal = await openTerminal();
  const showCursor = (): void => terminal.write(SHOW_CURSOR);
  process.on("exit", showCursor);
  const menu = new Menu(choices);
  const keys = new KeyReader();
  let drawn = 0;
  const draw = (lines: readonly string[]): void => {
    const width = Math.max(1, columns() - 1);
    const up = drawn > 1 ? `\x1b[${drawn - 1}A` : "";
    const [first = "", ...others] = lines;
    // Of the question, the end is what is being typed.
    const fitted = [
      Bun.sliceAnsi(first, -width, undefined, "…"),
      ...others.map((line) => Bun.sliceAnsi(line, 0, width, "…")),
    ];
    terminal.write(`${up}\r\x1b[J${fitted.join("\r\n")}`);
    drawn = lines.length;
  };
  const show = (): void => draw(menu.lines(question, rows()));
  try {
    terminal.write(HIDE_CURSOR);
    show();
    const chosen = await new Promise<Choice | null>((resolve) => {
      let escaped: Timer | undefined;
      terminal.onData((chunk) => {
        clearTimeout(escaped);
        if (chunk === null) return resolve(null);
        for (const key of keys.feed(chunk)) {
          const end = menu.press(key);
          if (end !== undefined) return resolve(end);
        }
        if (keys.isAfterEscape) escaped = setTimeout(() => resolve(null), ESCAPE_MS);
        show();
      });
    });
    draw([chosen === null ? question : `${question} ${chosen.label}`]);
    if (chosen === null) throw new AuthError("interrupted", "Cancelled.");
    return chosen.value;
  } finally {
    terminal.write("\r\n");
    showCursor();
    process.off("exit", showCursor);
    await terminal.close();
  }
}

/** For terminals that can't be drawn on: a numbered list, answered with a number or with part of a name. */
async function chooseByNumber(question: string, choices: readonly Choice[], env: Environment): Promise<string> {
  const first = choices.filter(({ further }) => further !== true);
  let listed: readonly Choice[] = first;
  let none: readonly string[] = [];
  for (;;) {
    const lines = listed.map(
      ({ label, hint }, i) => `${String(i + 1).padStart(3)}  ${label}${hint ? `  ${hint}` : ""}`,
    );
    const more =
      listed === first && first.length < choices.length ? [`  …  ${choices.length - first.length} more`] : [];
    const list = [...none, question, ...lines, ...more, "Number, or part of a name"].join("\n");
    const answer = await askText(list, env);
    const number = /^\d+$/.test(answer) ? listed[Number(answer) - 1] : undefined;
    const found = number === undefined ? matching(choices, answer) : [number];
    if (found.length === 1 && found[0] !== undefined) return found[0].value;
    none = answer !== "" && found.length === 0 ? ["Nothing has that in its name."] : [];
    listed = answer === "" || found.length === 0 ? first : found;
  }
}

/** Those that hold every word, in any of their texts. Those whose label or value begins with it come first. */
function matching(choices: readonly Choice[], query: string): readonly Choice[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const textOf = ({ label, hint = "", value, names = [] }: Choice): string =>
    [label, hint, value, ...names].join(" ").toLowerCase();
  const found = choices.filter((choice) => words.every((word) => textOf(choice).includes(word)));
  const begins = ({ label, value }: Choice): boolean =>
    [label, value].some((text) => text.toLowerCase().startsWith(words.join(" ")));
  return words.length === 0 ? choices : [...found.filter(begins), ...found.filter((choice) => !begins(choice))];
}

/** What is shown and what is chosen, without a terminal. */
export class Menu {
  readonly #choices: readonly Choice[];
  #query = "";
  #at = 0;

  constructor(choices: readonly Choice[]) {
    this.#choices = choices;
  }

  /** @returns the choice made, null where the person gave up, undefined to go on */
  press(key: Key): Choice | null | undefined {
    const found = this.#found();
    switch (key.name) {
      case "enter":
        return found[this.#at];
      case "cancel":
      case "end of input":
        return null;
      case "text":
        this.#search(this.#query + key.text);
        return undefined;
      case "erase":
        this.#search([...this.#query].slice(0, -1).join(""));
        return undefined;
      case "clear":
        this.#search("");
        return undefined;
      default:
        this.#at = moved(key.name, this.#at, Math.max(0, found.length - 1));
        return undefined;
    }
  }

  /** @param height lines of the terminal: never more are given, but for one entry below the question */
  lines(question: string, height = ROWS + 2): string[] {
    const found = this.#found();
    const size = Math.max(1, Math.min(ROWS, height - 2));
    const first = Math.max(0, Math.min(this.#at - Math.floor(size / 2), found.length - size));
    const width = Math.max(0, ...this.#choices.map(({ label }) => Bun.stringWidth(label)));
    const rows = found.slice(first, first + size).map(({ label, hint }, i) => {
      const gap = " ".repeat(width - Bun.stringWidth(label));
      return `${first + i === this.#at ? "❯" : " "} ${label}${hint ? `${gap}  ${hint}` : ""}`;
    });
    const count = found.length > size ? `${this.#at + 1} of ${found.length}. ` : "";
    return [
      `${question} ${this.#query}`,
      ...(rows.length === 0 ? ["  Nothing has that in its name."] : rows),
      ...(height < 3 ? [] : [`  ${count}Up, down, Enter; type to search.`]),
    ];
  }

  #found(): readonly Choice[] {
    return matching(this.#choices, this.#query);
  }

  #search(query: string): void {
    this.#query = query;
    this.#at = 0;
  }
}

/** Over the end and on at the other, as lists in a terminal do; pages stop there. */
function moved(key: Key["name"], at: number, last: number): number {
  switch (key) {
    case "up":
      return at === 0 ? last : at - 1;
    case "down":
      return at >= last ? 0 : at + 1;
    case "page up":
      return Math.max(0, at - ROWS);
    case "page down":
      return Math.min(last, at + ROWS);
    case "end":
      return last;
    case "home":
      return 0;
    default:
      return at;
  }
}
