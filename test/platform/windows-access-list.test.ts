import { expect, test } from "bun:test";
import { othersIn } from "../../src/platform/windows/access-list.ts";
import { isShare } from "../../src/platform/windows/kernel.ts";

const ME = "S-1-5-21-1-2-3-1001";

test("the system, its administrators and I are no others", () => {
  expect(othersIn(`O:${ME}D:P(A;OICI;FA;;;${ME})(A;OICI;FA;;;SY)`, ME)).toEqual([]);
  expect(othersIn(`O:BAD:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;FA;;;${ME})(A;OICIIO;GA;;;CO)(A;;FA;;;OW)`, ME)).toEqual(
    [],
  );
});

test("every other account that is allowed anything is named", () => {
  expect(othersIn(`D:(A;;FA;;;${ME})(A;;0x1200a9;;;WD)(A;ID;FR;;;BU)(XA;;FR;;;AU;(x))`, ME)).toEqual([
    "everyone",
    "all users",
  ]);
  expect(othersIn("D:(A;;FR;;;S-1-5-21-9-9-9-500)", ME)).toEqual(["S-1-5-21-9-9-9-500"]);
});

test("an entry that refuses, or is only for what is made in a folder, lets no one in", () => {
  expect(othersIn("D:(D;;FA;;;WD)(A;OICIIO;FA;;;WD)(OD;;FA;;;AN)", ME)).toEqual([]);
});

test("without a list everyone has access, with an empty one no account has", () => {
  expect(othersIn(`O:${ME}`, ME)).toEqual(["everyone"]);
  expect(othersIn("D:NO_ACCESS_CONTROL", ME)).toEqual(["everyone"]);
  expect(othersIn("D:P", ME)).toEqual([]);
});

test("a share is on another machine, in each of its forms; a device and a long path aren't", () => {
  const shares = ["\\\\host\\share\\", "//host/share/", "\\\\?\\UNC\\host\\share\\"];
  const others = ["C:\\", "\\\\?\\C:\\", "\\\\.\\C:\\", "\\", "\\x\\y"];
  expect([...shares, ...others].filter(isShare)).toEqual(shares);
});
