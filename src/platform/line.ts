/** What was typed on a raw terminal, byte by byte, until it is a line. Pure: `prompt.ts` does the reading. */

const CTRL_C = 0x03;
const CTRL_D = 0x04;
const CTRL_U = 0x15;
const CTRL_W = 0x17;
const BACKSPACE = 0x08;
const TAB = 0x09;
const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const ESCAPE = 0x1b;
const DELETE = 0x7f;

/** What arrows, Home, End, Insert, Delete, Page Up and Down and function keys send (xterm's table), after its ESC. */
const KEY = /^(\[(\d+(;\d+)?)?[A-HPQRSZ~]|O[A-HPQRS])$/;

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
  #bytes: number[] = [];
  /** The escape sequence being read, without its ESC; null outside of one. */
  #sequence: string | null = null;
  /** Between the marks of a bracketed paste (ESC[200~ … ESC[201~), where a line break is text. */
  #pasting = false;
  /** A pasted line break; only the last of a paste is forgiven. */
  #broken = false;

  /**
   * @param limit bytes of UTF-8
   * @param exact what isn't a key that edits a line is kept, to be refused by its position: a secret is never changed
   *   without a word
   */
  constructor(limit: number, exact = false) {
    this.#limit = limit;
    this.#exact = exact;
  }

  /** @returns how the line ended, or null to go on. Bytes after the end are not looked at. */
  feed(chunk: Uint8Array): LineEnd | null {
    for (const byte of chunk) {
      const end = this.#take(byte);
      if (end !== null) return end;
    }
    return null;
  }

  /** @throws TypeError when it isn't UTF-8 */
  text(): string {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(this.#bytes));
  }

  #take(byte: number): LineEnd | null {
    if (this.#sequence !== null) return this.#takeSequence(byte);
    switch (byte) {
      case ESCAPE:
        this.#sequence = "";
        return null;
      case RETURN:
      case LINE_FEED:
        if (!this.#pasting) return this.#broken && this.#bytes.length === 0 ? null : "enter";
        this.#broken = this.#bytes.length > 0;
        return null;
      case CTRL_C:
        return "cancelled";
      case CTRL_D:
        return this.#bytes.length === 0 ? "cancelled" : "enter";
      case DELETE:
      case BACKSPACE:
        this.#erase();
        return null;
      case CTRL_U:
      case CTRL_W:
        this.#bytes = [];
        return null;
    }
    if (byte < 0x20 && byte !== TAB && !this.#exact) return null;
    return this.#keep(byte);
  }

  #keep(byte: number): LineEnd | null {
    if (this.#broken) return "several lines";
    if (this.#bytes.push(byte) > this.#limit) return "too long";
    return null;
  }

  /** The last character, which may be several bytes. */
  #erase(): void {
    let byte = this.#bytes.pop();
    while (byte !== undefined && (byte & 0xc0) === 0x80) byte = this.#bytes.pop();
  }

  /** CSI and SS3 sequences (arrows, function keys, paste marks) are no text. ESC and a letter is Alt-letter: neither. */
  #takeSequence(byte: number): LineEnd | null {
    if (this.#sequence === "" && byte < 0x20) {
      // ESC alone: what follows is a key of its own.
      this.#sequence = null;
      return (this.#exact ? this.#keep(ESCAPE) : null) ?? this.#take(byte);
    }
    this.#sequence += String.fromCharCode(byte);
    const sequence = this.#sequence ?? "";
    const open = sequence === "[" || sequence === "O" || /^\[[0-?]*[ -/]*$/.test(sequence);
    if (open && sequence.length < 32) return null;
    if (sequence === "[200~") this.#pasting = true;
    if (sequence === "[201~") this.#pasting = false;
    this.#sequence = null;
    if (!this.#exact || sequence === "[200~" || sequence === "[201~" || (!this.#pasting && KEY.test(sequence)))
      return null;
    let end: LineEnd | null = null;
    for (const kept of [ESCAPE, ...new TextEncoder().encode(sequence)]) end ??= this.#keep(kept);
    return end;
  }
}
