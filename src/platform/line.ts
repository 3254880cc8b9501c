/** What was typed on a raw terminal until it is a line. Pure: `prompt.ts` does the reading. */
import { type Key, KeyReader } from "./keys.ts";

/** What arrows, Home, End, Insert, Delete, Page Up and Down and function keys send, after its ESC (xterm's table). */
const EDITING_KEY = /^(\[(\d+(;\d+)?)?[A-HPQRSZ~]|O[A-HPQRS])$/;

export type LineEnd =
  | "enter"
  /** Ctrl-C, or Ctrl-D on an empty line. */
  | "cancelled"
  /** A paste with a line break in the middle. */
  | "several lines"
  | "too long";

export class TypedLine {
  readonly #limit: number;
  readonly #exact: boolean;
  readonly #keys = new KeyReader();
  #text = "";
  /** Between the marks of a bracketed paste (ESC[200~ … ESC[201~), where a line break is text. */
  #pasting = false;
  /** A pasted line break; only the last of a paste is forgiven. */
  #broken = false;

  /**
   * @param limit characters
   * @param exact what isn't a key that edits a line is kept, to be refused by its position: a secret is never changed
   *   without a word
   */
  constructor(limit: number, exact = false) {
    this.#limit = limit;
    this.#exact = exact;
  }

  /** What isn't UTF-8 in it is U+FFFD. */
  get text(): string {
    return this.#text;
  }

  /** @returns how the line ended, or null to go on. Keys after the end are not looked at. */
  feed(chunk: Uint8Array): LineEnd | null {
    for (const key of this.#keys.feed(chunk)) {
      const end = this.#take(key);
      if (end !== null) return end;
    }
    return null;
  }

  #take({ name, text }: Key): LineEnd | null {
    switch (name) {
      case "enter":
        if (!this.#pasting) return this.#broken && this.#text === "" ? null : "enter";
        this.#broken = this.#text !== "";
        return null;
      case "cancel":
        return "cancelled";
      case "end of input":
        return this.#text === "" ? "cancelled" : "enter";
      case "erase":
        this.#text = this.#text.replace(/.$/su, "");
        return null;
      case "clear":
        this.#text = "";
        return null;
      case "paste begins":
      case "paste ends":
        this.#pasting = name === "paste begins";
        return null;
      case "text":
        return this.#keep(text);
      default: {
        const edits = !this.#pasting && text.startsWith("\x1b") && EDITING_KEY.test(text.slice(1));
        return text === "\t" || (this.#exact && !edits) ? this.#keep(text) : null;
      }
    }
  }

  #keep(text: string): LineEnd | null {
    if (this.#broken) return "several lines";
    this.#text += text;
    return this.#text.length > this.#limit ? "too long" : null;
  }
}
