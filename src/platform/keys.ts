/** Keys from the bytes of a raw terminal. Pure; a sequence may come in several pieces. */

export interface Key {
  readonly name:
    | "up"
    | "down"
    | "page up"
    | "page down"
    | "home"
    | "end"
    | "enter"
    | "erase"
    | "clear"
    | "cancel"
    | "text";
  /** What was typed or pasted, on one line. Empty but for `text`. */
  readonly text: string;
}

/** By what terminals send after ESC (ECMA-48, and DEC's application mode). */
const SEQUENCES: Readonly<Record<string, Key["name"]>> = {
  ...{ "[A": "up", OA: "up", "[B": "down", OB: "down" },
  ...{ "[5~": "page up", "[6~": "page down" },
  ...{ "[H": "home", OH: "home", "[1~": "home", "[F": "end", OF: "end", "[4~": "end" },
};

const CONTROLS: Readonly<Record<string, Key["name"]>> = {
  ...{ "\r": "enter", "\n": "enter", "\x7f": "erase", "\b": "erase", "\x15": "clear", "\x17": "clear" },
  ...{ "\x03": "cancel", "\x04": "cancel", "\x10": "up", "\x0e": "down" },
};

/** What belongs to ESC. A sequence that isn't over yet doesn't match. */
const SEQUENCE = /^(\[[0-?]*[ -/]*[@-~]|O[@-~]|[^[O])/;

export class KeyReader {
  readonly #decoder = new TextDecoder();
  /** The beginning of a sequence whose end hasn't come yet. */
  #pending = "";

  feed(chunk: Uint8Array): Key[] {
    let text = this.#pending + this.#decoder.decode(chunk, { stream: true });
    this.#pending = "";
    const keys: Key[] = [];
    while (text !== "") {
      if (text.startsWith("\x1b")) {
        const [sequence] = SEQUENCE.exec(text.slice(1)) ?? [];
        if (sequence === undefined) {
          // ESC pressed alone waits here for the next key, and does nothing.
          this.#pending = text.length < 32 ? text : "";
          break;
        }
        const name = SEQUENCES[sequence];
        if (name !== undefined) keys.push({ name, text: "" });
        text = text.slice(1 + sequence.length);
        continue;
      }
      const [character = ""] = text;
      const name = CONTROLS[character];
      if (name !== undefined) keys.push({ name, text: "" });
      else if (!/\p{Cc}/u.test(character)) keys.push({ name: "text", text: character });
      text = text.slice(character.length);
    }
    return keys;
  }
}
