import { expect, test } from "bun:test";
import { type LineEnd, TypedLine } from "../../src/platform/line.ts";

function typed(...chunks: (string | Uint8Array)[]): { end: LineEnd | null; text: string } {
  const line = new TypedLine(65_536);
  let end: LineEnd | null = null;
  for (const chunk of chunks) end ??= line.feed(typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk);
  return { end, text: line.text };
}

test("Enter ends the line, however the terminal sends it", () => {
  expect(typed("secret\r")).toEqual({ end: "enter", text: "secret" });
  expect(typed("secret\n")).toEqual({ end: "enter", text: "secret" });
});

test("backspace takes back one character, not one byte", () => {
  expect(typed("aé🔑\x7f\x7fb\r").text).toBe("ab");
  expect(typed("\x7f\x08a\r").text).toBe("a");
});

test("a character cut in two by the reader is still one", () => {
  const bytes = new TextEncoder().encode("é");
  expect(typed(bytes.subarray(0, 1), bytes.subarray(1), "\r").text).toBe("é");
});

test("Ctrl-U starts again", () => {
  expect(typed("wrong\x15right\r").text).toBe("right");
});

test("Ctrl-C cancels; Ctrl-D cancels an empty line and ends any other", () => {
  expect(typed("abc\x03").end).toBe("cancelled");
  expect(typed("\x04").end).toBe("cancelled");
  expect(typed("abc\x04")).toEqual({ end: "enter", text: "abc" });
});

test("the marks of a bracketed paste are no part of what was pasted", () => {
  expect(typed("\x1b[200~sk-123\x1b[201~\r").text).toBe("sk-123");
  expect(typed("\x1b[20", "0~sk-", "123\x1b", "[201~\r").text).toBe("sk-123");
});

test("a line break at the end of a paste is forgiven, one in the middle is not", () => {
  expect(typed("\x1b[200~sk-123\r\n\x1b[201~\r")).toEqual({ end: "enter", text: "sk-123" });
  expect(typed("\x1b[200~one\rtwo\x1b[201~\r").end).toBe("several lines");
});

test("arrows, function keys and other control characters are no text", () => {
  expect(typed("a\x1b[Ab\x1b[1;5Cc\x1bOPd\x1bxe\x01\x00\x1b[3~\r").text).toBe("abcde");
});

test("of a secret everything is kept that no key which edits a line sends, to be refused where it is used", () => {
  const secret = (text: string): string => {
    const line = new TypedLine(100, true);
    expect(line.feed(new TextEncoder().encode(text))).toBe("enter");
    return line.text;
  };
  expect(secret("a\x1b[Ab\x1b[1;5Cc\x1bOPd\x1b[3~\x7fe\r")).toBe("abce");
  for (const kept of ["\x1b[31m", "\x1bx", "\x1b[2J", "\x01", "\x1b]0;t\x07", "\x1b"])
    expect(secret(`a${kept}\r`)).toBe(`a${kept}`);
  expect(secret("\x1b[200~a\x1b[Ab\x1b[201~\r")).toBe("a\x1b[Ab");
});

test("4,096 characters and more are kept whole: canonical mode would cut them", () => {
  const long = "x".repeat(20_000);
  expect(typed(`${long}\r`).text).toBe(long);
});

test("there is an end to it", () => {
  expect(typed("x".repeat(70_000)).end).toBe("too long");
});
