/** What `gdbus monitor` prints of systemd-logind, and which of it locks the agent. */
import { describe, expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tellsOfLock, watchSession } from "../../src/agent/session-lock.ts";

import { tempFolder } from "../support/program.ts";
import { until } from "../support/until.ts";

const SESSION = "/org/freedesktop/login1/session";
const HINT = (value: boolean): string =>
  `org.freedesktop.DBus.Properties.PropertiesChanged ('org.freedesktop.login1.Session', {'LockedHint': <${value}>}, @as [])`;
const LINES: readonly (readonly [string, string | undefined, boolean])[] = [
  ["/org/freedesktop/login1: org.freedesktop.login1.Manager.PrepareForSleep (true,)", "2", true],
  ["/org/freedesktop/login1: org.freedesktop.login1.Manager.PrepareForSleep (false,)", "2", false],
  [`${SESSION}/_32: org.freedesktop.login1.Session.Lock ()`, "2", true],
  [`${SESSION}/_32: org.freedesktop.login1.Session.Lock ()`, undefined, true],
  [`${SESSION}/_33: org.freedesktop.login1.Session.Lock ()`, "2", false],
  [`${SESSION}/c1: org.freedesktop.login1.Session.Lock ()`, "c1", true],
  [`${SESSION}/_32: org.freedesktop.login1.Session.Unlock ()`, "2", false],
  [`${SESSION}/_32: ${HINT(true)}`, "2", true],
  [`${SESSION}/_32: ${HINT(false)}`, "2", false],
  ["Monitoring signals from all objects owned by org.freedesktop.login1", "2", false],
  ["The name org.freedesktop.login1 is owned by :1.3", "2", false],
  ["/org/freedesktop/login1: org.freedesktop.login1.Manager.SessionNew ('2', objectpath '/x')", "2", false],
];

for (const [line, session, expected] of LINES)
  test(`${expected ? "locks" : "doesn't lock"} (session ${session}): ${line}`, () => {
    expect(tellsOfLock(line, session)).toBe(expected);
  });

describe("the program that tells of it", () => {
  function withGdbus(script: string): Record<string, string> {
    const folder = tempFolder();
    writeFileSync(join(folder, "gdbus"), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, "gdbus"), 0o755);
    return { PATH: `${folder}:/usr/bin:/bin` };
  }

  test("is listened to, and ended with the watch", async () => {
    let locked = 0;
    const line = "/org/freedesktop/login1: org.freedesktop.login1.Manager.PrepareForSleep (true,)";
    const env = withGdbus(`echo "$*"; sleep 0.1; echo '${line}'; exec sleep 60`);
    const watch = watchSession(env, () => locked++, "linux");
    await until("it was told", () => locked === 1);
    expect(watch.works()).toBe(true);
    watch.stop();
    await until("it ended", () => !watch.works());
  });

  test("may not be there, or end at once: then it isn't known", async () => {
    expect(watchSession({ PATH: "/nowhere" }, () => {}, "linux").works()).toBe(false);
    expect(watchSession(withGdbus("exit 1"), () => {}, "darwin").works()).toBe(false);
    const failing = watchSession(withGdbus("exit 1"), () => {}, "linux");
    await until("it ended", () => !failing.works());
  });
});
