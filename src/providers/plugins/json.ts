/**
 * JSON (RFC 8259) with the position of errors, and without duplicate names, of which one would have no effect. Bun's parser
 * reports neither.
 */
import { printParseErrorCode, visit } from "jsonc-parser";

export class JsonFault extends Error {
  /** Where in the text, counted from 0. */
  readonly offset: number;

  constructor(problem: string, offset: number) {
    super(problem);
    this.offset = offset;
  }
}

/** No description is nested this deep; a text of brackets would exhaust the stack. */
const DEEPEST = 32;

const NOT_CLOSED = "a comma or a closing bracket is expected";

const PROBLEMS: Readonly<Record<string, string>> = {
  CommaExpected: NOT_CLOSED,
  CloseBraceExpected: NOT_CLOSED,
  CloseBracketExpected: NOT_CLOSED,
  ColonExpected: "':' is expected after a name",
  EndOfFileExpected: "nothing may follow the closing bracket",
  InvalidCommentToken: "JSON has no comments",
  InvalidSymbol: "this is not JSON: names and texts are in double quotes",
  PropertyNameExpected: "a name in double quotes is expected",
  ValueExpected: "a value is expected",
};

/** @throws JsonFault for the first fault */
export function parseJson(text: string): unknown {
  /** The names of each object that isn't closed yet; lists have none. */
  const open: Set<string>[] = [];
  const begin = (offset: number): void => {
    if (open.push(new Set()) > DEEPEST + 1) throw new JsonFault("is nested too deeply", offset);
  };
  const end = (): void => void open.pop();
  const visitor = {
    onObjectBegin: begin,
    onArrayBegin: begin,
    onObjectEnd: end,
    onArrayEnd: end,
    onObjectProperty: (name: string, offset: number): void => {
      if (name === "__proto__") throw new JsonFault("that name is not allowed", offset);
      const names = open.at(-1);
      if (names?.has(name)) throw new JsonFault("that name is here twice", offset);
      names?.add(name);
    },
    onError: (code: number, offset: number): void => {
      const problem = PROBLEMS[printParseErrorCode(code)];
      throw new JsonFault(problem ?? "this text isn't closed, or holds a character that must be escaped", offset);
    },
  };
  visit(text, visitor, { disallowComments: true, allowTrailingComma: false });
  return JSON.parse(text);
}
