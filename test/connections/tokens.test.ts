import { describe, expect, test } from "bun:test";
import type { Tokens } from "../../src/connections/record.ts";
import { isDue, isJustMinted } from "../../src/connections/status.ts";
import { tokensFrom } from "../../src/connections/tokens.ts";
import { bareReply, type TokenReply } from "../../src/oauth/types.ts";
import { Secret } from "../../src/platform/secret.ts";
import { withDefaults } from "../../src/providers/defaults.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { loggedIn, START } from "./support.ts";

const AT = START;
const MINUTE = 60_000;

const reply = (different: Partial<TokenReply> = {}): TokenReply =>
  bareReply(new Secret("access"), { refreshToken: new Secret("refresh"), ...different });

const acme = (over: Partial<ProviderDefinition> = {}) =>
  withDefaults({ id: "acme", title: "Acme", flows: ["browser"], ...over });

function stored(of: TokenReply, dialect = acme(), previous: Tokens | null = null, minted = false): Tokens {
  return tokensFrom(of, dialect, { at: AT, previous, minted });
}

/** Before a refresh: a token that lived for so many seconds. */
const before = (seconds: number | null): Tokens => ({
  ...stored(reply({ expiresIn: seconds })),
  obtainedAt: AT - 100 * MINUTE,
  expiresAt: seconds === null ? null : AT - 100 * MINUTE + seconds * 1000,
});

describe("when an access token ends", () => {
  const none = reply({ refreshToken: null });
  const hour = acme({ reply: { expiry: { absent: 3600 } } });
  /** Seconds from now; and from when on it is due, in seconds; null: never by time. */
  const rows: [name: string, Tokens, expires: number | null, due: number | null][] = [
    ["the reply says it first", stored(reply({ expiresIn: 60, ownExpiresIn: 90 }), hour, before(120)), 60, 30],
    ["then the token itself", stored(reply({ ownExpiresIn: 90 }), hour, before(120)), 90, 45],
    ["on a refresh then the last known lifetime", stored(reply(), hour, before(120)), 120, 60],
    ["then the description", stored(reply(), hour), 3600, 3300],
    ["on a refresh too, where none was ever known", stored(reply(), hour, before(null)), 3600, 3300],
    ["else it isn't known, and never due", stored(reply()), null, null],
    ["nor on a refresh", stored(reply(), acme(), before(null)), null, null],
    ["0 is none without a refresh token", stored({ ...none, expiresIn: 0 }), null, null],
    ["so the token itself says it", stored({ ...none, expiresIn: 0, ownExpiresIn: 90 }), 90, 45],
    ["or the description", stored({ ...none, expiresIn: 0 }, hour), 3600, 3300],
    ["0 with a refresh token is due at once after a login", stored(reply({ expiresIn: 0 }), hour), null, 0],
    ["and after a refresh in a minute", stored(reply({ expiresIn: 0 }), hour, before(3600)), null, 60],
    ["also where the refresh token stays the same", stored({ ...none, expiresIn: 0 }, acme(), before(3600)), null, 60],
    ["and where tokens are minted", stored({ ...none, expiresIn: 0 }, acme(), before(3600), true), null, 60],
    [
      "where the token itself knows better, that is kept",
      stored(reply({ expiresIn: 0, ownExpiresIn: 90 }), acme(), before(90)),
      90,
      60,
    ],
    [
      "a JWT that is over is due in a minute after a refresh",
      stored(reply({ ownExpiresIn: -5 }), acme(), before(90)),
      null,
      60,
    ],
    ["and over where nothing renews it", stored({ ...none, ownExpiresIn: -5 }), -5, -5],
    ["a lifetime of 0 is no last known lifetime", stored(reply(), acme(), before(0)), null, null],
  ];
  for (const [name, tokens, expires, due] of rows)
    test(name, () => {
      const seconds = (time: number | null): number | null => (time === null ? null : (time - AT) / 1000);
      expect([seconds(tokens.expiresAt), seconds(tokens.dueAt)]).toEqual([expires, due]);
    });

  test("a token that was over when it came is used for a minute, then renewed", () => {
    const tokens = stored(reply({ expiresIn: 0 }), acme(), before(3600));
    const refreshed = { record: loggedIn({ tokens, refreshedAt: AT }) };
    expect([isDue(tokens, AT), isJustMinted(refreshed, AT)]).toEqual([false, true]);
    expect([isDue(tokens, AT + MINUTE - 1, 600_000), isJustMinted(refreshed, AT + MINUTE - 1)]).toEqual([false, true]);
    expect([isDue(tokens, AT + MINUTE), isJustMinted(refreshed, AT + MINUTE)]).toEqual([true, false]);
  });
});

describe("when a refresh token ends", () => {
  const both = acme({ refresh: { lifetime: { slidingSeconds: 600, absoluteSeconds: 6000 } } });
  const ends = ({ refreshExpiresAt, authorizationExpiresAt }: Tokens): (number | null)[] =>
    [refreshExpiresAt, authorizationExpiresAt ?? null].map((time) => (time === null ? null : (time - AT) / 1000));
  const old: Tokens = { ...before(60), refreshExpiresAt: AT + 5000, authorizationExpiresAt: AT + 50_000 };

  test("the reply says it: the sooner of two, and the authorization's end apart", () => {
    expect(
      ends(stored(reply({ refreshExpiresIn: 90, refreshTimeout: 60, authorizationExpiresIn: 900 }), both)),
    ).toEqual([60, 900]);
  });
  test("else the description: from its last use, and from the login", () => {
    expect(ends(stored(reply(), both))).toEqual([600, 6000]);
    expect(ends(stored(reply(), both, old))).toEqual([600, 50]);
    expect(ends(stored(reply({ refreshToken: null }), both, old))).toEqual([600, 50]);
  });
  test("else it stays as it was, or isn't known", () => {
    expect(ends(stored(reply(), acme(), old))).toEqual([5, 50]);
    expect(ends(stored(reply()))).toEqual([null, null]);
  });
  test("and where there is none, nothing ends", () => {
    expect(ends(stored(reply({ refreshToken: null }), both))).toEqual([null, null]);
  });
});
