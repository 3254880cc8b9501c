import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { formatVariables } from "../../src/inject/formats.ts";

const values = fc
  .string({ unit: "grapheme", maxLength: 60 })
  .filter((text) => !text.includes("\0") && text.isWellFormed());

describe("any value survives quoting", () => {
  test("in a POSIX shell, as sh itself reads it", async () => {
    await fc.assert(
      fc.asyncProperty(values, async (value) => {
        const script = `${formatVariables("shell", { VALUE: value })}printf %s "$VALUE"`;
        const shell = Bun.spawn(["sh", "-c", script], { stdout: "pipe", env: {} });
        expect(await new Response(shell.stdout).text()).toBe(value);
      }),
      { numRuns: 40 },
    );
  });
  test("in JSON", () => {
    fc.assert(fc.property(values, (value) => JSON.parse(formatVariables("json", { VALUE: value })).VALUE === value));
  });
  test("in dotenv, one line however many the value has", () => {
    expect(formatVariables("dotenv", { A: "x y#z$HOME" })).toBe("A='x y#z$HOME'\n");
    expect(formatVariables("dotenv", { A: 'it\'s\n$5 "q" \\' })).toBe('A="it\'s\\n\\$5 \\"q\\" \\\\"\n');
  });
});
