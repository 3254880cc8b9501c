import { describe, expect, test } from "bun:test";
import { zip } from "../../.ci/release/archive.ts";
import { unzip } from "../../src/release/unzip.ts";

const entry = (path: string, text: string) => ({ path, bytes: Buffer.from(text), executable: false });
const ENTRIES = [
  entry("auth/a.txt", "some text ".repeat(100)),
  entry("auth/empty", ""),
  entry("auth/ü", "name in UTF-8"),
];

describe("unzip", () => {
  test("gives back what was packed", () => {
    const files = unzip(zip(ENTRIES, 1_790_000_000), 10_000);
    expect([...files].map(([path, bytes]) => [path, Buffer.from(bytes).toString()])).toEqual(
      ENTRIES.map(({ path, bytes }) => [path, bytes.toString()]),
    );
  });

  test("a file that would become larger than is allowed is an error", () => {
    expect(() => unzip(zip(ENTRIES, 1_790_000_000), 999)).toThrow();
  });

  test("whatever is cut off or changed is an error or a file, never an endless loop", () => {
    const whole = zip(ENTRIES, 1_790_000_000);
    for (let length = 0; length < whole.length; length++)
      expect(() => unzip(whole.subarray(0, length), 10_000)).toThrow();
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole);
      changed.set([255 - (whole[at] ?? 0)], at);
      try {
        unzip(changed, 10_000);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }
  });
});
