/** The contract of every source: what it finds, what it refuses, and that taking something out leaves all else. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { lookAt } from "../../src/import/look.ts";
import { Backups } from "../../src/import/remove.ts";
import type { ImportSource, Where } from "../../src/import/source.ts";
import { SOURCE_IDS } from "../../src/import/source-ids.ts";
import { SOURCES } from "../../src/import/sources.ts";
import { AuthError } from "../../src/platform/errors.ts";
import { plainJson } from "../../src/platform/secret.ts";
import { lacking } from "../support/needs.ts";
import { tempFolder } from "../support/program.ts";
import { FIXTURES, type Fixture, writeFixture } from "./fixtures.ts";

function whereIn(home: string, more: Partial<Where> = {}): Where {
  return { env: {}, platform: process.platform, home, folder: home, now: 1_795_746_122_000, file: null, ...more };
}

async function made(fixture: Fixture): Promise<{ home: string; path: string }> {
  const home = tempFolder();
  const [path = ""] = await writeFixture(home, fixture);
  return { home, path };
}

/** What is said of a file that isn't read: one reason in words, with what to do, and none of its secrets. */
async function refusal(source: ImportSource, home: string, path: string): Promise<AuthError> {
  const { found, refused } = await lookAt(source, whereIn(home));
  const mine = refused.find((one) => one.path === path);
  expect(mine?.error.message).toContain(path);
  expect(mine?.error.hint).toContain("Nothing was changed.");
  expect(found.filter((one) => one.path === path)).toEqual([]);
  return mine?.error ?? new AuthError("internal", "It was read.");
}

function expectNoSecret(text: string, { secrets }: Fixture): void {
  for (const secret of secrets) expect(text).not.toContain(secret);
}

test("every source has a fixture, and every fixture a source", () => {
  expect(Object.keys(FIXTURES).sort()).toEqual(SOURCES.map(({ id }) => id).sort());
});

test("the names that are known without loading them are those of the table, in its order", () => {
  expect(SOURCES.map(({ id }) => id)).toEqual([...SOURCE_IDS]);
});

test("no two sources answer to one name", () => {
  const names = SOURCES.flatMap(({ id, otherNames = [] }) => [id, ...otherNames]);
  expect(names.length).toBe(new Set(names).size);
});

for (const source of SOURCES)
  describe(source.id, () => {
    const fixture = FIXTURES[source.id] as Fixture;

    test("finds what its program keeps, without a value in what can be shown", async () => {
      const { home } = await made(fixture);
      const { found, refused } = await lookAt(source, whereIn(home));
      expect(refused).toEqual([]);
      const shown = found.map(({ account, credential, target }) => {
        const where =
          target.by === "provider"
            ? target.provider
            : target.by === "host"
              ? target.host
              : target.by === "variable"
                ? target.variable
                : target.url;
        return [account, credential?.kind ?? null, where];
      });
      expect(shown).toEqual(fixture.found.map((one) => [...one]));
      expectNoSecret(JSON.stringify(found), fixture);
      // The positive control: they are there.
      expect(fixture.secrets.filter((secret) => plainJson(found).includes(secret))).not.toEqual([]);
    });

    test("finds nothing where nothing is, and names what it looked for", async () => {
      const { found, refused, absent } = await lookAt(source, whereIn(tempFolder()));
      expect({ found, refused }).toEqual({ found: [], refused: [] });
      // The names of its files aren't known before they are there.
      if (source.id !== "mcp-remote") expect(absent.length).toBeGreaterThan(0);
    });

    test("finds nothing, and doesn't fail, where no home is known", async () => {
      const { found } = await lookAt(source, { ...whereIn(tempFolder()), home: null });
      expect(found).toEqual([]);
    });

    test("is read from a file that is named", async () => {
      const { home, path } = await made(fixture);
      const other = join(tempFolder(), path.slice(path.lastIndexOf("/") + 1));
      renameSync(path, other);
      const { found } = await lookAt(source, whereIn(home, { file: other }));
      expect(found.map((one) => one.path)).toContain(other);
    });

    test("what is taken out is gone from the file, all else stays, and the copy is the file as it was, for its owner alone", async () => {
      const { home, path } = await made(fixture);
      const before = readFileSync(path);
      const { found } = await lookAt(source, whereIn(home));
      const backups = new Backups(tempFolder(), 1_795_746_122_000);
      const going = found.filter(({ removal }) => removal !== undefined);
      for (const one of going) {
        if (one.removal === undefined) continue;
        const { backup, commit } = await backups.prepare(one.path, source.title, one.removal);
        await commit();
        expect(statSync(backup).mode & 0o777).toBe(0o600);
        if (one.path === path && !fixture.database) expect(readFileSync(backup)).toEqual(before);
      }
      const left = (await lookAt(source, whereIn(home))).found;
      expect(left.filter(({ removal }) => removal !== undefined)).toEqual([]);
      const paths = [...new Set(found.map((one) => one.path))];
      const texts = paths.filter((one) => existsSync(one)).map((one) => readFileSync(one, "latin1"));
      for (const other of fixture.others ?? []) expect(texts.join("\n")).toContain(other);
      const taken = going.map(({ credential }) => plainJson(credential)).join();
      const stays = (fixture.others ?? []).join();
      const gone = fixture.secrets.filter((secret) => taken.includes(secret) && !stays.includes(secret));
      expect(gone.length).toBeGreaterThan(0);
      for (const secret of gone) expect(texts.join()).not.toContain(secret);
      if (fixture.database) {
        const database = new Database(path, { readonly: true });
        expect(database.query("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
        if (source.id === "authsome") {
          const index = database.query("SELECT value FROM Cache WHERE key LIKE '%__index__'").get() as {
            value: string;
          };
          expect(JSON.parse(index.value).value.data).toBe('["server:provider:github:client"]');
        }
        database.close();
      }
    });

    test("a file that was changed meanwhile stays as it is, and nothing is left lying about", async () => {
      const { home, path } = await made(fixture);
      const { found } = await lookAt(source, whereIn(home));
      const one = found.find(({ removal, path: at }) => removal !== undefined && at === path);
      if (one?.removal === undefined) throw new Error("nothing can be taken out of it");
      const { commit, abandon, backup } = await new Backups(tempFolder(), 1_795_746_122_000).prepare(
        path,
        source.title,
        one.removal,
      );
      if (fixture.database) {
        const database = new Database(path);
        const table = source.id === "sentry" ? "accounts SET token = 'newer'" : "Cache SET value = '{}'";
        database.exec(`UPDATE ${table}`);
        database.close();
      } else writeFileSync(path, `${readFileSync(path, "utf8")}\n`);
      const changed = readFileSync(path);
      await expect(commit()).rejects.toThrow("was changed by another program meanwhile");
      await commit().catch(() => {});
      await abandon();
      expect(readFileSync(path)).toEqual(changed);
      expect(existsSync(backup)).toBe(false);
    });

    test("what an import that was killed left beside it is gone after the next", async () => {
      const { home, path } = await made(fixture);
      const left = `${path}.auth-import-${crypto.randomUUID()}`;
      if (fixture.database || source.id === "gcloud" || source.id === "mcp-remote") return;
      writeFileSync(left, "a draft", { mode: 0o600 });
      const { found } = await lookAt(source, whereIn(home));
      const one = found.find(({ removal, path: at }) => removal !== undefined && at === path);
      if (one?.removal === undefined) throw new Error("nothing can be taken out of it");
      await (await new Backups(tempFolder(), 1_795_746_122_000).prepare(path, source.title, one.removal)).commit();
      expect(existsSync(left)).toBe(false);
    });

    test("a link in its place is refused", async () => {
      const { home, path } = await made(fixture);
      const other = join(tempFolder(), "elsewhere");
      renameSync(path, other);
      symlinkSync(other, path);
      expect((await refusal(source, home, path)).message).toContain("is a link");
    });

    test("a folder in its place is refused", async () => {
      const { home, path } = await made(fixture);
      rmSync(path);
      mkdirSync(path);
      expect((await refusal(source, home, path)).message).toContain("is no file");
    });

    test("a file that everyone can write is refused", async () => {
      const { home, path } = await made(fixture);
      chmodSync(path, 0o666);
      expect((await refusal(source, home, path)).message).toContain("can write to");
    });

    test.skipIf(lacking("root"))("another user's file is refused", async () => {
      const { home, path } = await made(fixture);
      chownSync(path, 12345, 12345);
      expect((await refusal(source, home, path)).message).toContain("belongs to another user");
    });

    for (const [what, bytes] of Object.entries({
      "random bytes": new Uint8Array(4096).map((_, i) => (i * 7919) % 251),
      "a NUL": Buffer.from("a\0b"),
      "more than any of them is": Buffer.alloc(4 * 1024 * 1024 + 1, "a"),
    }))
      test(`a file of ${what} is refused`, async () => {
        const { home, path } = await made(fixture);
        writeFileSync(path, bytes);
        expect((await refusal(source, home, path)).code).toBe("import_refused");
      });

    test("half of its file is refused, or read as far as it goes, and never shown", async () => {
      const { home, path } = await made(fixture);
      const whole = readFileSync(path);
      for (let part = 1; part < 8; part++) {
        writeFileSync(path, whole.subarray(0, Math.floor((whole.length * part) / 8)));
        const { found, refused } = await lookAt(source, whereIn(home));
        expectNoSecret(JSON.stringify(found) + refused.map(({ error }) => error.message + error.hint).join(), fixture);
      }
    });

    test("looking changes nothing", async () => {
      const { home, path } = await made(fixture);
      const before = [readFileSync(path), Bun.spawnSync(["ls", "-A", dirname(path)]).stdout.toString()];
      await lookAt(source, whereIn(home));
      expect([readFileSync(path), Bun.spawnSync(["ls", "-A", dirname(path)]).stdout.toString()]).toEqual(before);
    });
  });
