/**
 * JSON (RFC 8259) as people write it by hand: Bun's own parser says neither where a text is wrong, nor that a name is in
 * it twice and one of the two does nothing.
 */
import { type JSONVisitor, type ParseErrorCode, printParseErrorCode, visit } from "jsonc-parser";

export class JsonFault extends Error {
  /** Where in the text, counted from 0. */
  readonly offset: number;

  constructor(problem: string, offset: number) {
    super(problem);
    this.offset = offset;
  }
}

/** No description is as deep as this; a text that is only brackets would exhaust the stack. */
const DEEPEST = 32;

/** What was begun and isn't closed yet: the names of an object, or null for a list. */
type Open = Set<string> | null;

/** @throws JsonFault */
export function parseJson(text: string): unknown {
  visit(text, visitorOf(text), { disallowComments: true, allowTrailingComma: false });
  return JSON.parse(text);
}

/** Every fault ends the reading at once: it is the first that helps. */
function visitorOf(text: string): JSONVisitor {
  const open: Open[] = [];
  let afterColon = false;
  const begin = (what: Open, offset: number): void => {
    if (open.length > DEEPEST) throw new JsonFault("is nested too deeply", offset);
    open.push(what);
    afterColon = false;
  };
  return {
    onObjectBegin: (offset) => begin(new Set(), offset),
    onArrayBegin: (offset) => begin(null, offset),
    onObjectEnd: () => void open.pop(),
    onArrayEnd: () => void open.pop(),
    onSeparator: (character) => {
      afterColon = character === ":";
    },
    onObjectProperty: (name, offset) => {
      if (name === "__proto__") throw new JsonFault("that name is not allowed", offset);
      const names = open.at(-1);
      if (names?.has(name)) throw new JsonFault("that name stands here twice", offset);
      names?.add(name);
    },
    onError: (code, offset) => {
      throw new JsonFault(problemOf(code, text, offset, open.at(-1), afterColon), offset);
    },
  };
}

function problemOf(
  code: ParseErrorCode,
  text: string,
  offset: number,
  inside: Open | undefined,
  value: boolean,
): string {
  switch (printParseErrorCode(code)) {
    case "CommaExpected":
    case "CloseBraceExpected":
    case "CloseBracketExpected":
      return `',' or '${inside === null ? "]" : "}"}' is expected`;
    case "ColonExpected":
      return "':' is expected after a name";
    case "EndOfFileExpected":
      return "nothing may follow the closing bracket";
    case "InvalidCharacter":
    case "InvalidEscapeCharacter":
    case "InvalidUnicode":
    case "UnexpectedEndOfString":
      return "this text isn't closed, or holds a character that must be escaped";
    default:
      if (/[}\]]/.test(text[offset] ?? "") && /,\s*$/.test(text.slice(0, offset)))
        return "nothing follows the comma before it";
      if (inside && !value) return "a name in double quotes is expected";
      return offset >= text.length ? "a value is missing at the end" : "a value is expected";
  }
}
