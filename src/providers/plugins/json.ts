/**
 * JSON (RFC 8259) as people write it by hand: the runtime's own parser says neither where a text is wrong, nor that a
 * name stands in it twice and one of the two does nothing.
 */

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

const SPACE = /[ \t\r\n]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what a text may not hold
const TEXT = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;

/** @throws JsonFault */
export function parseJson(text: string): unknown {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): unknown {
    this.#take(SPACE);
    if (depth > DEEPEST) throw this.#fault("is nested too deeply");
    const next = this.#text[this.#at];
    if (next === "{") return this.#object(depth);
    if (next === "[") return this.#list(depth);
    if (next === '"') return this.#string();
    const leaf = this.#take(NUMBER) ?? this.#take(WORD);
    if (leaf === null) throw this.#fault(next === undefined ? "a value is missing at the end" : "a value is expected");
    return JSON.parse(leaf);
  }

  end(): void {
    this.#take(SPACE);
    if (this.#at < this.#text.length) throw this.#fault("nothing may follow the closing bracket");
  }

  #object(depth: number): unknown {
    const object: Record<string, unknown> = {};
    this.#members("}", () => {
      const at = this.#at;
      if (this.#text[at] !== '"') throw this.#fault("a name in double quotes is expected");
      const name = this.#string();
      if (name === "__proto__") throw new JsonFault("that name is not allowed", at);
      if (Object.hasOwn(object, name)) throw new JsonFault("that name stands here twice", at);
      this.#take(SPACE);
      if (this.#text[this.#at] !== ":") throw this.#fault("':' is expected after a name");
      this.#at++;
      object[name] = this.value(depth + 1);
    });
    return object;
  }

  #list(depth: number): unknown {
    const list: unknown[] = [];
    this.#members("]", () => list.push(this.value(depth + 1)));
    return list;
  }

  /** What stands between brackets, with a comma between each two. */
  #members(end: "}" | "]", member: () => void): void {
    this.#at++;
    for (let first = true; ; first = false) {
      this.#take(SPACE);
      if (first && this.#text[this.#at] === end) break;
      member();
      this.#take(SPACE);
      if (this.#text[this.#at] === end) break;
      if (this.#text[this.#at] !== ",") throw this.#fault(`',' or '${end}' is expected`);
      this.#at++;
      this.#take(SPACE);
      if (this.#text[this.#at] === end) throw this.#fault("nothing follows the comma before it");
    }
    this.#at++;
  }

  #string(): string {
    const written = this.#take(TEXT);
    if (written === null) throw this.#fault("this text isn't closed, or holds a character that must be escaped");
    return JSON.parse(written) as string;
  }

  #take(token: RegExp): string | null {
    token.lastIndex = this.#at;
    const found = token.exec(this.#text)?.[0] ?? null;
    if (found !== null) this.#at += found.length;
    return found;
  }

  #fault(problem: string): JsonFault {
    return new JsonFault(problem, this.#at);
  }
}
