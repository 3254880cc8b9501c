/** Which records make a call look for a reply that was kept and may not be stored yet. */

import { expect, test } from "bun:test";
import { newConnection } from "../../src/connections/record.ts";
import { viewForResource } from "../../src/connections/resource.ts";
import { replyWaits } from "../../src/connections/store.ts";
import type { Version } from "../../src/vault/types.ts";
import { failureOf, loggedIn, noteOf, OTHER_LOGIN, REF, START, versionAt } from "./support.ts";

const API = { resource: "https://api.example/", scope: null };
const note = noteOf({ generation: 5 });
const failure = failureOf();
const unreadable = failureOf({ inDoubt: true, unreadable: true });

const CASES: readonly (readonly [string, Parameters<typeof loggedIn>[0], Version | null, boolean])[] = [
  ["in order", {}, versionAt(5), false],
  ["a note", { note }, versionAt(5), true],
  ["a note, and the reply to an earlier refresh", { note }, versionAt(3), true],
  ["a note, and a reply to a later refresh than the vault has", { note }, versionAt(9), true],
  ["a note, and nothing kept", { note }, null, false],
  ["a note, and a reply of another login", { note }, versionAt(5, OTHER_LOGIN), false],
  ["a failure", { failure }, versionAt(5), true],
  ["a failure, and nothing kept", { failure }, null, false],
  ["a failure, and a reply of another login", { failure }, versionAt(5, OTHER_LOGIN), false],
  ["a note, and a reply that couldn't be read", { note, failure: unreadable }, versionAt(5), false],
];

for (const [words, record, version, waits] of CASES)
  test(`${words}: ${waits ? "a reply may wait" : "no reply waits"}`, async () => {
    expect(await ask(loggedIn(record), version)).toBe(waits);
  });

for (const [words, own, api, waits] of [
  ["neither has failed", null, null, false],
  ["the login has", failure, null, true],
  ["the API has", null, failure, true],
  ["the login's couldn't be read", unreadable, null, false],
] as const)
  test(`of a view for one API, where ${words}: ${waits ? "a reply may wait" : "no reply waits"}`, async () => {
    const slot = { tokens: null, failure: api, outcomes: 1 };
    const whole = loggedIn({ failure: own, resources: { [API.resource]: slot } });
    expect(await ask(viewForResource(whole, API), versionAt(5), { ...API, whole })).toBe(waits);
  });

test("where nothing can wait, no file is looked at", async () => {
  const vault = { keptVersion: () => Promise.reject(new Error("looked at")) };
  const stored = { ref: REF, version: versionAt(6), record: newConnection("acme", "default", START) };
  expect(await replyWaits({ vault: vault as never }, stored)).toBe(false);
});

function ask(
  record: Parameters<typeof replyWaits>[1]["record"],
  version: Version | null,
  view?: Parameters<typeof replyWaits>[1]["view"],
): Promise<boolean> {
  const vault = { keptVersion: async () => version };
  return replyWaits({ vault: vault as never }, { ref: REF, version: versionAt(6), record, ...(view && { view }) });
}
