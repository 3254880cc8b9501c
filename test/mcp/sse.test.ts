/** Server-sent events, however they are cut. */
import { expect, test } from "bun:test";
import { EventReader } from "../../src/mcp/sse.ts";

interface Event {
  readonly data: string;
  readonly id: string | null;
  readonly retry: number | null;
}

function events(text: string, size: number): Event[] {
  const bytes = new TextEncoder().encode(text);
  const reader = new EventReader();
  const found: Event[] = [];
  let data: number[] = [];
  for (let at = 0; at < bytes.length; at += size)
    for (const token of reader.read(bytes.subarray(at, at + size))) {
      if (token.kind === "data") data.push(...token.bytes);
      else {
        found.push({ data: new TextDecoder().decode(new Uint8Array(data)), id: token.id, retry: token.retry });
        data = [];
      }
    }
  return found;
}

const STREAM = [
  "\uFEFFid: 1\ndata:\n\n",
  ': a comment\n\nevent: message\r\ndata: {"ä":\r\ndata:  2}\r\n\r\n',
  "retry: 500\rid: b\rdata: one\r\r",
  "retry: soon\nid: a\0b\nignored: x\ndata\ndata:two\n\n",
  "id\n\ndata: cut off",
].join("");

const READ: Event[] = [
  { data: "", id: "1", retry: null },
  { data: "", id: "1", retry: null },
  { data: '{"ä":\n 2}', id: "1", retry: null },
  { data: "one", id: "b", retry: 500 },
  { data: "two", id: "b", retry: 500 },
  { data: "", id: "", retry: 500 },
];

test("events are the same in pieces of any size, and one that is cut off is none", () => {
  for (let size = 1; size <= STREAM.length + 10; size++) expect(events(STREAM, size)).toEqual(READ);
});

test("a line of any length costs a time that grows as the line does", () => {
  const lines = `${"x".repeat(100_000)}\n${": \n".repeat(100_000)}data: y\n\n`;
  expect(events(lines, 65_536)).toEqual([{ data: "y", id: null, retry: null }]);
});
