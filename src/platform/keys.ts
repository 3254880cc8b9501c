/** Keys from the bytes of a raw terminal. Pure; a sequence, or a character, may come in several pieces. */

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
    | "end of input"
    | "paste begins"
    | "paste ends"
    | "text"
    /** A control character or a sequence without a name here. */
    | "other";
  /** What the terminal sent; of `text`, the character that was typed or pasted. */
  readonly text: string;
}

/** By what terminals send after ESC (ECMA-48, and DEC's application mode; xterm's marks of a bracketed paste). */
const SEQUENCES: Readonly<Record<string, Key["name"]>> = {
  ...{ "[A": "up", OA: "up", "[B": "down", OB: "down" },
  ...{ "[5~": "page up", "[6~": "page down" },
  ...{ "[H": "home", OH: "home", "[1~": "home", "[F": "end", OF: "end", "[4~": "end" },
  ...{ "[200~": "paste begins", "[201~": "paste ends" },
};

const CONTROLS: Readonly<Record<string, Key["name"]>> = {
  ...{ "\r": "enter", "\n": "enter", "\x7f": "erase", "\b": "erase", "\x15": "clear", "\x17": "clear" },
  ...{ "\x03": "cancel", "\x04": "end of input", "\x10": "up", "\x0e": "down" },
};

/** What belongs to ESC: a sequence, a key pressed with Alt, or nothing. A control character ends each. */
const SEQUENCE = /^(\[[0-?]*[ -/]*([@-~]|(?=\p{Cc}))|O([@-~]|(?=\p{Cc}))|[^[O\p{Cc}]|(?=\p{Cc}))/u;
/** Characters. What goes on longer without an end is no sequence. */
const LONGEST_SEQUENCE = 32;

export class KeyReader {
  readonly #decoder = new TextDecoder();
  /** The beginning of a sequence whose end hasn't come yet. ESC pressed alone waits here for the next key. */
  #pending = "";

  /** ESC came, and nothing after it: the key Esc, unless the rest of a sequence follows at once. */
  get isAfterEscape(): boolean {
    return this.#pending === "\x1b";
  }

  feed(chunk: Uint8Array): Key[] {
    let left = this.#pending + this.#decoder.decode(chunk, { stream: true });
    this.#pending = "";
    const keys: Key[] = [];
    while (left !== "") {
      const [character = ""] = left;
      let text = character;
      let name = CONTROLS[text] ?? (/\p{Cc}/u.test(text) ? "other" : "text");
      if (character === "\x1b") {
        const [sequence] = SEQUENCE.exec(left.slice(1)) ?? [];
        if (sequence === undefined && left.length < LONGEST_SEQUENCE) {
          this.#pending = left;
          break;
        }
        text += sequence ?? "";
        name = SEQUENCES[sequence ?? ""] ?? "other";
      }
      keys.push({ name, text });
      left = left.slice(text.length);
    }
    return keys;
  }
}
