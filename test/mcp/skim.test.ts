/** What is found in a message that passes, however it is cut into parts. */
import { describe, expect, test } from "bun:test";
import { Skim } from "../../src/mcp/skim.ts";

function found(text: string, size: number): Skim["found"] {
  const bytes = new TextEncoder().encode(text);
  const skim = new Skim();
  for (let at = 0; at < bytes.length; at += size) skim.add(bytes.subarray(at, at + size));
  return skim.found;
}

const LONG = "x".repeat(3_000);

describe.each([1, 7, 63, 64, 65, 1_024, 100_000])("in parts of %d bytes", (size) => {
  test.each([
    ["a long text", { result: { data: LONG } }],
    ["a text that only looks like a member", { result: { data: `${LONG}","id":2,"method":"no` } }],
    ["a backslash at the end of a long text", { result: { data: `${LONG}\\` } }],
    ["backslashes before quotes, near and far", { result: ['\\"', `\\\\"${LONG}\\"`, `${LONG}\\\\`, "\\".repeat(70)] }],
    ["brackets in texts", { result: [`${LONG}{[`, `}]${LONG}`] }],
    ["a long text of the message's own", { note: `${LONG.repeat(3)}\\"`, result: {} }],
  ])("the id after %s", (_, members) => {
    expect(found(JSON.stringify({ jsonrpc: "2.0", ...members, id: 7 }), size)).toEqual({ id: 7 });
  });
});
