import { expect, test } from "bun:test";
import { changesBetween } from "../../src/connections/folder/state.ts";

test("a change is shown by its lines", async () => {
  expect(await changesBetween("a\nb\n", "a\nc\n")).toEqual(["  - b", "  + c"]);
});

test("of a text that is another altogether no lines are sought: that takes the square of their number", async () => {
  const before = Array.from({ length: 3800 }, (_, i) => `#${i}\n`).join("");
  expect(await changesBetween(before, "c\n".repeat(8100))).toEqual(["  more than 500 lines"]);
});
