/** The log's lines for those who don't have the proxy's secret. */
import { expect, test } from "bun:test";
import type { Entry } from "../../src/proxy/journal.ts";
import { createUnauthorizedLog } from "../../src/proxy/unauthorized-log.ts";

const ENTRY: Entry = {
  connection: null,
  via: "reverse",
  method: "GET",
  origin: null,
  path: null,
  status: 404,
  refused: "There is nothing at this address.",
};

test("twenty in a minute, and how many more there were", () => {
  const lines: Entry[] = [];
  let now = 0;
  const unauthorizedLog = createUnauthorizedLog({ write: (entry) => void lines.push(entry) }, () => now);
  for (let i = 0; i < 60_000; i++) unauthorizedLog.write(ENTRY);
  expect(lines).toEqual(Array.from({ length: 20 }, () => ENTRY));
  now = 60_000;
  unauthorizedLog.write(ENTRY);
  expect(lines.slice(20)).toEqual([{ ...ENTRY, refused: "As many more, each refused like the last: 59980." }, ENTRY]);
  unauthorizedLog.close();
  expect(lines).toHaveLength(22);
  for (let i = 0; i < 20; i++) unauthorizedLog.write(ENTRY);
  unauthorizedLog.close();
  expect(lines.at(-1)?.refused).toEndWith(": 1.");
});
