/** How long a token lives, by what a reply says. */
import { afterEach, expect, test } from "bun:test";
import { secondsOf } from "../../src/oauth/expiry.ts";

const { TZ } = process.env;
afterEach(() => {
  if (TZ === undefined) delete process.env.TZ;
  else process.env.TZ = TZ;
});

test("a time without a zone is UTC, whatever this machine's zone is", () => {
  const now = Date.parse("2026-11-27T02:00:00Z");
  for (const zone of ["America/New_York", "Asia/Tokyo", "UTC"]) {
    process.env.TZ = zone;
    for (const [time, seconds] of [
      ["2026-11-27T03:00:00", 3600],
      ["2026-11-27 03:00:00.5", 3600],
      ["2026-11-27T03:00:00Z", 3600],
      ["2026-11-27T04:00:00+01:00", 3600],
      ["2026-11-27T04:00:00+0100", 3600],
      ["2026-11-28", 79_200],
      ["2026-11-27T03", null],
    ] as const)
      expect([zone, time, secondsOf(time, "iso", now)]).toEqual([zone, time, seconds]);
  }
});
