/** What `auth vault copy` and `auth vault restore` say while they work. */
import { afterEach, expect, spyOn, test } from "bun:test";
import type { Cli } from "../../src/cli/context.ts";
import { progressOf } from "../../src/cli/vault/moved.ts";

const clock = spyOn(performance, "now");
afterEach(() => clock.mockRestore());

test("progress is told every two seconds of the work, however long a passphrase took before it", () => {
  const said: string[] = [];
  const at = (milliseconds: number) => clock.mockReturnValue(milliseconds);
  at(0);
  const progress = progressOf({ output: { say: (text: string) => said.push(text) } } as unknown as Cli);
  at(60_000);
  progress(1, 9);
  at(61_000);
  progress(2, 9);
  expect(said).toEqual([]);
  at(62_500);
  progress(3, 9);
  at(63_000);
  progress(4, 9);
  expect(said).toEqual(["3 of 9 records …"]);
});
