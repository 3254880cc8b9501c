import { expect, test } from "bun:test";
import { whileHeld } from "../../src/platform/held-files.ts";

/** Fails so many times with this code. */
function failing(times: number, code: string) {
  let calls = 0;
  return () => {
    if (++calls <= times) throw Object.assign(new Error(code), { code });
    return calls;
  };
}

test("on Windows a file that is held for a moment is tried again, for a second at most", () => {
  const slept: number[] = [];
  const sleep = (milliseconds: number): void => void slept.push(milliseconds);
  for (const code of ["EBUSY", "EPERM", "EACCES"]) expect(whileHeld(failing(3, code), "win32", sleep)).toBe(4);
  expect(slept).toEqual([1, 2, 4, 1, 2, 4, 1, 2, 4]);
  slept.length = 0;
  expect(() => whileHeld(failing(99, "EBUSY"), "win32", sleep)).toThrow("EBUSY");
  expect(slept.reduce((sum, one) => sum + one)).toBe(1023);
});

test("what no wait mends fails at once, and so does everything elsewhere", () => {
  const sleep = (): never => {
    throw new Error("slept");
  };
  expect(() => whileHeld(failing(1, "ENOENT"), "win32", sleep)).toThrow("ENOENT");
  expect(() => whileHeld(failing(1, "EBUSY"), "linux", sleep)).toThrow("EBUSY");
});
