/** The address of a vault: its forms, what is said of one with a mistake, and who is said to have given it. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { AuthError } from "../../src/platform/errors.ts";
import { parseAddress, showsPassword, withoutPassword } from "../../src/vault/address.ts";
import { GIVERS, type GivenBy, otherVaultBy } from "../../src/vault/giver.ts";
import type { Header } from "../../src/vault/header.ts";
import * as common from "../../src/vault/shared/failures.ts";
import { openStore } from "../../src/vault/shared/open.ts";
import * as postgres from "../../src/vault/shared/postgres-failures.ts";
import * as redis from "../../src/vault/shared/redis-failures.ts";
import { serverWarnings } from "../../src/vault/shared/weaknesses.ts";
import * as wrongVault from "../../src/vault/shared/wrong-vault.ts";
import { stringsOf } from "../support/source-strings.ts";
import { refusal } from "./home.ts";

const failures = { ...common, ...postgres, ...redis, ...wrongVault };

const REDIS = "redis://me@redis.example:6379/0?accept-loss=1";
const POSTGRES = "postgres://me@postgres.example/db?sslmode=disable&accept-loss=1";

/** At the beginning of a sentence. */
const SUBJECTS: Readonly<Record<GivenBy, string>> = {
  AUTH_STORE: "AUTH_STORE ",
  argument: "The address ",
  "--to": "--to ",
  use: "The address that 'auth vault use' keeps ",
};
const ALL = Object.keys(GIVERS) as GivenBy[];

/** The givers that a text names, the longest name first since one begins with another. */
function namedIn(text: string): Set<GivenBy> {
  const found = new Set<GivenBy>();
  let left = text;
  for (const by of ["use", "argument", "AUTH_STORE", "--to"] as const) {
    const name = new RegExp(GIVERS[by].name, "gi");
    if (name.test(left)) found.add(by);
    left = left.replaceAll(name, "");
  }
  return found;
}

test("schemes are known in any case, and the shown place has no user, password or option", async () => {
  for (const [text, shown] of [
    ["redis://me:planted@HOST/3?prefix=team", null],
    ["REDISS://me:planted@HOST/3?prefix=team", "rediss://host:6379/3 (prefix team)"],
    ["rediss://host", "rediss://host:6379/0 (prefix auth)"],
    ["PostgreSQL://me:planted@host:1/db", "postgres://host:1/db (schema auth)"],
    ["postgres://me@server:planted@host/db", "postgres://host:5432/db (schema auth)"],
  ] as const)
    if (shown === null) expect((await refusal(parseAddress(text, "use"))).text).toContain("without TLS");
    else expect((await parseAddress(text, "use")).shown).toBe(shown);
});

/** What is wrong with an address, and words that say so. */
const FAULTS: readonly (readonly [text: string, words: string])[] = [
  ["redis:/planted", "begins with redis, and not with redis://"],
  ["redis//planted", "begins with redis, and not with redis://"],
  ["redis:planted", "begins with redis, and not with redis://"],
  ["redis", "begins with redis, and not with redis://"],
  ["rediss:/planted:planted@host/0", "begins with rediss, and not with rediss://"],
  ["REDIS:/planted", "begins with redis, and not with redis://"],
  ["postgresql:/me@planted/db", "begins with postgresql, and not with postgresql://"],
  ["postgres//me:planted@host/db", "begins with postgres, and not with postgres://"],
  ["redis:///planted", "names no host"],
  ["planted:planted@host/0", "names no store that this version knows."],
  ["planted", "names no store that this version knows."],
  ["mysql://planted", "names no store that this version knows: mysql"],
  ["redis2://planted", "names no store that this version knows"],
  ["/planted/vault.db", "is a path, and no store"],
  ["C:\\planted", "is a path, and no store"],
  ["sqlite:", "names no file"],
  ["sqlite:/planted/", "names no file"],
  ["sqlite", "names no store"],
  ["sqlite://planted", "names no file"],
  ["sqlite:~/planted", "names no file"],
  ["sqlite:/planted\0", "names no file"],
  ["sqlite:/planted\uFFFD", "is not valid UTF-8"],
  ["redis://me:planted@host:port/0", "is not a URL that can be read"],
  ["redis://me:%planted@host", "has a '%' in it"],
  ["redis://host&prefix=planted", "has '&' before its first option"],
  ["redis://me:1#planted@host/0", "has a '#' in it"],
  ["postgres://me:1/planted@host/db", "has an '@' after the host"],
  ["redis://me:1/planted", "has something other than the number of a database after its host"],
  ["redis://me:1?planted@host/0", "has an option that isn't known"],
  ["redis://host?prefix=a&prefix=planted", "has the option prefix twice"],
  ["postgres://host/planted", "names no user"],
  ["postgres://me:planted@host", "names no database"],
  ["redis://host?prefix=a%20planted", "has another prefix than there can be"],
  ["postgres://me@host/db?schema=pg_planted", "has another schema than there can be"],
  ["postgres://me@host/db?sslmode=planted", "has an sslmode that is none of disable"],
  ["rediss://host?accept-loss=planted", "has accept-loss with another value than 1 or 0"],
  ["rediss://host?cache=planted", "has a cache that is no number of seconds"],
  ["rediss://host?ca=planted.pem", "gives ca by no full path"],
  ["rediss://host?ca=/nowhere/ca.pem", "names a file, by ca, that can't be read"],
  [`rediss://host?ca=${join(import.meta.dir, "home.ts")}`, "names a file, by ca, without a certificate"],
  ["redis://me:planted@host", "would send its password to another machine without TLS"],
];

describe.each(ALL)("given by %s", (by) => {
  test("what is wrong with an address is said of who gave it, without what may be a password", async () => {
    for (const [text, words] of FAULTS) {
      const refused = await refusal(parseAddress(text, by));
      expect([text, refused.text]).toEqual([text, expect.stringMatching(new RegExp(`^${SUBJECTS[by]}`))]);
      expect([text, refused.text]).toEqual([text, expect.stringContaining(words)]);
      expect([text, [...namedIn(refused.text)]]).toEqual([text, [by]]);
      expect(refused.text.replace(/^.* by no full path/, "")).not.toContain("planted");
    }
    const refused = await refusal(parseAddress("rediss://host?fingerprint=planted", by));
    expect([...namedIn(refused.text)]).toEqual([by]);
  });

  test("one that is mistyped is answered with the form that is expected", async () => {
    const { before } = GIVERS[by];
    for (const [text, form] of [
      ["redis:/x", "rediss://user:password@host:6379/0?prefix=auth"],
      ["redis//x", "rediss://user:password@host:6379/0?prefix=auth"],
      ["postgres:x", "postgres://user:password@host:5432/database?schema=auth"],
      ["/x", "sqlite:/full/path/to/vault.db"],
    ] as const)
      expect((await refusal(parseAddress(text, by))).text).toContain(`Write ${before}${form}`);
  });

  test("what the server or the way to it reports names no one else", async () => {
    for (const text of [REDIS, POSTGRES]) {
      const found = await parseAddress(text, by);
      const address = { ...found, fingerprint: null };
      const header = { source: "env" } as Header;
      /** Each function that makes a message, and whether that speaks of the address in any case. */
      const said: Readonly<Record<string, readonly (AuthError | string)[]>> = {
        unreachable: [failures.unreachable(address, "why", null)],
        withoutTls: [failures.withoutTls(address)],
        absent: [failures.absent(address), failures.absent({ ...address, fingerprint: "x" })],
        unexpected: [failures.unexpected(address)],
        reported: [failures.reported(address, "X", null)],
        notOurs: [failures.notOurs(address, "why")],
        foreignSchema: [failures.foreignSchema(address)],
        beginAgain: [failures.beginAgain(address)],
        replaced: [failures.replaced(address, "is empty"), failures.replaced(address, "is another one")],
        readOnlyReplica: [failures.readOnlyReplica(address)],
        usePrimary: [failures.usePrimary(address)],
        refusedLogin: [failures.refusedLogin(address, null)],
        isCluster: [failures.isCluster(address)],
        notCompared: [failures.notCompared(address)],
        redisRefusal: ["WRONGPASS", "ERR DB index", "READONLY", "MOVED"].map((text) =>
          failures.redisRefusal(address, new Error(`${text} is out of range`)),
        ),
        postgresRefusal: ["28P01", "3D000", "25006"].map((errno) => failures.postgresRefusal(address, { errno })),
        connectionFailure: [
          ...["UNABLE_TO_VERIFY", "ERR_POSTGRES_TLS_NOT_AVAILABLE", "ECONNRESET", "STORE_TIMEOUT"],
        ].map((code) => failures.connectionFailure(address, { code }) ?? "none"),
      };
      for (const [what, messages] of Object.entries(said))
        for (const message of messages) {
          const words = typeof message === "string" ? message : `${message.message}\n${message.hint}`;
          expect([what, words, [...namedIn(words)]]).toEqual([what, words, [by]]);
        }
      const silent = ["unwritable", "olderKey", "newerKey"];
      expect([...Object.keys(said), ...silent].sort()).toEqual(Object.keys(failures).sort());
      for (const error of [failures.olderKey(address, header), failures.newerKey(address, header, "AUTH_KEY")])
        expect([...namedIn(`${error.message}\n${error.hint}`)]).toEqual([]);
      const store = await openStore(address);
      const warnings = await serverWarnings(address, { ...store, weaknesses: async () => [] });
      store.driver.close();
      expect(warnings).toHaveLength(2);
      for (const { text, remedy } of warnings) expect([...namedIn(`${text}\n${remedy}`)]).toEqual([by]);
    }
  });

  test("how to choose another vault is said by it, too", () => {
    expect([...namedIn(otherVaultBy(by))].filter((other) => other !== by)).toEqual([]);
  });
});

test("no text of the vault's says AUTH_STORE by itself: it may be another that gave the address", async () => {
  const found: string[] = [];
  for (const name of new Bun.Glob("**/*.ts").scanSync(join(import.meta.dir, "../../src/vault")))
    for (const { text } of stringsOf(await Bun.file(join(import.meta.dir, "../../src/vault", name)).text()))
      if (/AUTH_STORE/.test(text.replaceAll(/⟦.*?⟧/gs, "")) && !/^AUTH_STORE=?$/.test(text))
        found.push(`${name}: ${text}`);
  // Of a home where nothing chose a vault.
  expect(found).toEqual(["no-vault.ts: For one that machines share: auth vault use <address>, or set AUTH_STORE"]);
});

test("a password is found in an address on a command line, and no near miss is taken for one", () => {
  for (const text of [
    "redis://:p@h",
    "redis:/u:p@h",
    "u:p@h",
    "postgres://u:p/q@h/db",
    "redis://u:p?q@h/0",
    "redis//:p@h",
  ])
    expect([text, showsPassword(text)]).toEqual([text, true]);
  for (const text of [
    "redis:/x",
    "redis:x",
    "redis//x",
    "redis://u@h:6379/0",
    "postgres://u@h/db",
    "sqlite:/a:b@c",
    "/mnt/a:b@c/vault.db",
    "C:\\Users\\me@corp\\vault.db",
  ])
    expect([text, showsPassword(text)]).toEqual([text, false]);
});

test("an address for others is without its password, or isn't shown", () => {
  expect(withoutPassword("redis://u:p@h:1/0?prefix=a")).toBe("redis://u@h:1/0?prefix=a");
  expect(withoutPassword("sqlite:/a:b@c")).toBe("sqlite:/a:b@c");
  for (const text of [
    "redis:/u:p@h",
    "redis://p@ss@h",
    "redis://u:1?prefix=p@h",
    "redis://u:1/p",
    "redis://u:1/p@h",
    "p",
  ])
    expect([text, withoutPassword(text)]).toEqual([text, null]);
});
