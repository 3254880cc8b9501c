import { describe, expect, test } from "bun:test";
import { type Connection, newConnection } from "../../src/connections/record.ts";
import { isDue, isJustMinted, marginOf, stateOf } from "../../src/connections/status.ts";
import { ending, failureOf, loggedIn, noteOf, START, tokensOf } from "./support.ts";

const NOW = START;

function connection(left: number | null, different: Partial<Connection> = {}): Connection {
  return loggedIn({ tokens: tokensOf(left === null ? {} : ending(NOW + left)), ...different });
}

describe("the state of a connection follows from its record and the clock", () => {
  const note = noteOf({ sentAt: NOW - 1000 });
  const rows: [string, Connection, string, string | null][] = [
    ["a profile that was never logged in", newConnection("acme", "default", NOW), "not_connected", null],
    ["a living token", connection(60_000), "connected", null],
    ["a token that never expires", connection(null), "connected", null],
    ["past expiry, refreshable, never tried", connection(-1), "connected", null],
    ["failing, but the token lives", connection(60_000, { failure: failureOf({}) }), "connected", "refresh_failing"],
    ["in doubt, but the token lives", connection(60_000, { note }), "connected", "in_doubt"],
    ["failing and past expiry", connection(-1, { failure: failureOf({}) }), "expired", "refresh_failing"],
    ["in doubt and past expiry", connection(-1, { note }), "expired", "in_doubt"],
    [
      "a kept reply that can't be read, while the token lives",
      connection(60_000, { failure: failureOf({ unreadable: true }) }),
      "connected",
      "reply_unreadable",
    ],
    [
      "a kept reply that can't be read, past expiry: log in",
      connection(-1, { failure: failureOf({ unreadable: true }) }),
      "invalid",
      "reply_unreadable",
    ],
    [
      "a refusal that no table knows",
      connection(60_000, { failure: failureOf({ class: "refused", code: "refresh_refused" }) }),
      "invalid",
      "refresh_refused",
    ],
    [
      "a dead refresh token",
      connection(60_000, { failure: failureOf({ class: "dead", code: "refresh_token_invalid" }) }),
      "invalid",
      "refresh_rejected",
    ],
    [
      "a lost rotation",
      connection(-1, { failure: failureOf({ class: "dead", code: "rotation_lost" }) }),
      "invalid",
      "rotation_lost",
    ],
    [
      "an interaction",
      connection(-1, { failure: failureOf({ class: "interaction", code: "interaction_required" }) }),
      "invalid",
      "interaction_required",
    ],
    [
      "no refresh token and past expiry",
      connection(-1, { tokens: tokensOf({ ...ending(NOW - 1), refreshToken: null }) }),
      "invalid",
      "expired_no_refresh",
    ],
    [
      "a refused client",
      connection(60_000, { failure: failureOf({ class: "client", code: "client_rejected" }) }),
      "misconfigured",
      "client_rejected",
    ],
    ["a pinned field was edited", connection(60_000, { pinned: null }), "not_connected", "settings_changed"],
  ];
  for (const [name, record, status, reason] of rows)
    test(`${name}: ${status}`, () => expect(stateOf(record, NOW)).toEqual({ status, reason } as never));
});

describe("when a refresh is due", () => {
  test("the default margin is 300 s, or half of a short life", () => {
    expect(marginOf(3_600_000, undefined)).toBe(300_000);
    expect(marginOf(120_000, undefined)).toBe(60_000);
  });
  test("a provider's own margin wins, but never takes more than half of the life", () => {
    expect(marginOf(3_600_000, 30)).toBe(30_000);
    expect(marginOf(10_000, 30)).toBe(5_000);
  });
  test("inside the margin it is due, outside not", () => {
    const tokens = tokensOf(ending(NOW + 300_000));
    expect(isDue(tokens, NOW)).toBe(true);
    expect(isDue(tokens, NOW - 1)).toBe(false);
  });
  test("--min-ttl asks for more", () => {
    const tokens = tokensOf(ending(NOW + 600_000));
    expect(isDue(tokens, NOW, 600_001)).toBe(true);
    expect(isDue(tokens, NOW, 600_000)).toBe(false);
  });
  test("a clock set back by more than five minutes makes it due, whatever the expiry says", () => {
    const tokens = tokensOf(ending(NOW + 3_600_000));
    expect(isDue(tokens, tokens.obtainedAt - 5 * 60_000 - 1)).toBe(true);
    expect(isDue(tokens, tokens.obtainedAt - 5 * 60_000)).toBe(false);
  });
  test("a token minted moments ago is not refreshed again for a demand", () => {
    const tokens = tokensOf(ending(NOW + 3_600_000));
    const minted = { record: loggedIn({ tokens: { ...tokens, obtainedAt: NOW } }) };
    expect(isJustMinted(minted, NOW + 59_999)).toBe(true);
    expect(isJustMinted(minted, NOW + 60_000)).toBe(false);
  });
  test("a token of unknown life is just minted for 60 s after a refresh, and never after a login", () => {
    const tokens = { ...tokensOf(), obtainedAt: NOW };
    const refreshed = { record: loggedIn({ tokens, refreshedAt: NOW }) };
    expect(isJustMinted(refreshed, NOW + 59_999)).toBe(true);
    expect(isJustMinted(refreshed, NOW + 60_000)).toBe(false);
    for (const refreshedAt of [null, NOW - 1000])
      expect(isJustMinted({ record: loggedIn({ tokens, refreshedAt }) }, NOW)).toBe(false);
  });
});
