/** How help is laid out: a description, then sections of two columns that fit the terminal. */
import type { Colors } from "../../platform/terminal.ts";
import { wrapped } from "../../platform/wrap.ts";
import type { Example } from "../command.ts";

export interface Section {
  readonly title: string;
  readonly rows: readonly (readonly [left: string, right: string])[];
  /** The left column is a command line. */
  readonly lines?: boolean;
}

/** Where the left side is wider, its text is on the next line, in the others' column. */
const WIDEST = 32;

export interface Surface {
  readonly colors: Colors;
  /** Columns. */
  readonly width: number;
}

/** @returns the whole text, without a newline at its end */
export function layOut(description: string, sections: readonly Section[], { colors, width }: Surface): string {
  const parts = [`${description}.`.replace(/([.!?])\.$/, "$1")];
  for (const { title, rows, lines = false } of sections) {
    if (rows.length === 0) continue;
    const lefts = rows.map(([left]) => left.length);
    const column = Math.max(...(lines ? lefts : lefts.map((length) => (length > WIDEST ? 0 : length))));
    const body = rows.flatMap(([left, right]) => {
      const paint = lines || title === "" ? (text: string) => text : colors.cyan;
      // A long command line keeps its purpose below it.
      const below = lines && column + right.length + 6 > width;
      if (right === "") return [`${title === "" ? "" : "  "}${paint(left)}`];
      if (below) return [`  ${paint(left)}`, ...wrapped(right, width - 6).map((line) => `      ${colors.dim(line)}`)];
      const [first = "", ...more] = wrapped(right, Math.max(24, width - column - 6));
      const indent = " ".repeat(column + 4);
      const rest = more.map((line) => `${indent}${line}`);
      if (left.length > column) return [`  ${paint(left)}`, `${indent}${first}`, ...rest];
      return [`  ${paint(left.padEnd(column))}  ${first}`, ...rest];
    });
    parts.push([...(title === "" ? [] : [colors.bold(`${title}:`)]), ...body].join("\n"));
  }
  return parts.join("\n\n");
}

/** Examples name no provider: `{a}` and `{b}` become two that exist, since `src/` knows none by name. */
export function filledExamples(examples: readonly Example[], providers: readonly string[]): Example[] {
  const [a = "<provider>", b = a] = providers;
  const filled = (text: string): string => text.replaceAll("{a}", () => a).replaceAll("{b}", () => b);
  return examples.map(([line, purpose]) => [filled(line), filled(purpose)]);
}
