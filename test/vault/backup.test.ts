/** A vault in one encrypted file, and back. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { Secret } from "../../src/platform/secret.ts";
import { encrypt, type Sealing, type Unsealing } from "../../src/vault/moving/age.ts";
import { backupVault, restoreVault } from "../../src/vault/moving/backup.ts";
import { contentBytes } from "../../src/vault/moving/content.ts";
import { type Home, KEY, newHome, openOrMake, put, refusal, version } from "./home.ts";
import { COPY_KEY, contentOf, counts, expectSame, fileIn, filled, opened, SECRET, targetOf } from "./moving-home.ts";

const IDENTITY = await generateX25519Identity();
const RECIPIENTS = { recipients: [await identityToRecipient(IDENTITY)] };
const IDENTITIES = { identities: new Secret(`# created: some day\n${IDENTITY}\n`) };

const fileOf = (home: Home): string => join(home.folder, "vault.age");
const backup = (home: Home, sealing: Sealing = RECIPIENTS, path = fileOf(home)) =>
  backupVault(home.context({ AUTH_KEY: KEY }), path, async () => sealing);
const restore = (home: Home, store: string, unsealing: Unsealing = IDENTITIES, dryRun = false) =>
  restoreVault(targetOf(home, store), fileOf(home), async () => unsealing, { dryRun });

/** A home with a vault and its backup. */
async function backedUp(sealing?: Sealing): Promise<Home> {
  const home = newHome();
  (await filled(home)).close();
  await backup(home, sealing);
  return home;
}

async function content(home: Home): Promise<string[]> {
  const vault = await home.open();
  const all = await contentOf(vault);
  vault.close();
  return all;
}

test("a backup for a public key gives the same records in a new vault; none of them can be read in the file", async () => {
  using home = await backedUp();
  const bytes = readFileSync(fileOf(home));
  expect(statSync(fileOf(home)).mode & 0o777).toBe(0o600);
  for (const text of [SECRET, "github", "connection"]) expect(bytes.includes(text)).toBeFalse();
  const store = fileIn(home, "restored");
  expect(counts(await restore(home, store))).toEqual({ new: 6 });
  expectSame(await opened(home, store, contentOf), await content(home));
  expect(counts(await restore(home, store))).toEqual({ same: 6 });
});

test("a backup for a passphrase opens with it, and with no other", async () => {
  using home = await backedUp({ passphrase: new Secret("correct horse") });
  const store = fileIn(home, "restored");
  const wrong = await refusal(restore(home, store, { passphrase: new Secret("correct horses") }));
  expect(wrong.code).toBe("vault_locked");
  expect(wrong.text).toContain("passphrase");
  expect(readdirSync(home.folder)).not.toContain("restored");
  expect(counts(await restore(home, store, { passphrase: new Secret("correct horse") }))).toEqual({ new: 6 });
}, 60_000);

test("another identity opens nothing", async () => {
  using home = await backedUp();
  const other = { identities: new Secret(await generateX25519Identity()) };
  expect((await refusal(restore(home, fileIn(home, "restored"), other))).code).toBe("vault_locked");
});

describe("a damaged backup is refused, and nothing is made of it", () => {
  test("cut at any length", async () => {
    using home = await backedUp();
    const whole = readFileSync(fileOf(home));
    for (const length of [0, 10, 22, 60, 150, whole.length - 700, whole.length - 16, whole.length - 1]) {
      writeFileSync(fileOf(home), whole.subarray(0, length));
      const { code } = await refusal(restore(home, fileIn(home, "restored")));
      expect([length, code]).toEqual([length, length < 22 ? "usage" : "vault_corrupt"]);
    }
    expect(readdirSync(home.folder)).not.toContain("restored");
  });

  test("one bit changed anywhere", async () => {
    using home = await backedUp();
    const whole = readFileSync(fileOf(home));
    for (let at = 0; at < whole.length; at += 37) {
      const changed = Uint8Array.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 1;
      writeFileSync(fileOf(home), changed);
      const { code } = await refusal(restore(home, fileIn(home, "restored")));
      expect(["usage", "vault_corrupt", "vault_locked"]).toContain(code);
    }
    expect(readdirSync(home.folder)).not.toContain("restored");
  });
});

describe("a file that is no backup is refused", () => {
  const refusedOf = async (bytes: Uint8Array | string): Promise<{ code: string; text: string }> => {
    using home = newHome();
    writeFileSync(fileOf(home), bytes);
    return refusal(restore(home, fileIn(home, "restored")));
  };
  const json = (value: unknown): Promise<Uint8Array> =>
    encrypt(new TextEncoder().encode(JSON.stringify(value)), RECIPIENTS);

  test("another program's, in the clear or encrypted", async () => {
    for (const bytes of [
      "a tar file",
      await json({ kind: "another" }),
      await json([1]),
      await encrypt(new Uint8Array(9), RECIPIENTS),
    ]) {
      const refused = await refusedOf(bytes);
      expect(refused.code).toBe("usage");
      expect(refused.text).toContain("not a backup");
    }
  });

  test("a newer version's, which is said", async () => {
    const refused = await refusedOf(await json({ kind: "backup of a vault of auth", format: 2, records: "?" }));
    expect(refused.text).toContain("newer version");
  });

  test("one with records of another form", async () => {
    const index = new Uint8Array(32);
    const entry = { type: "connection", name: "a:b", version: version(1), body: "1" } as const;
    const good = { vaultId: "ab".repeat(16), made: 0, index, records: [{ entry, reply: null }] };
    const changed = (edit: (value: { index: string; records: Record<string, unknown>[] }) => void) => {
      const value = JSON.parse(new TextDecoder().decode(contentBytes(good)));
      edit(value);
      return json(value);
    };
    for (const bytes of [
      await changed((value) => Object.assign(value, { index: "AAAA" })),
      await changed((value) => Object.assign(value.records[0] ?? {}, { type: "header" })),
      await changed((value) => Object.assign(value.records[0] ?? {}, { generation: -1 })),
      await changed((value) => Object.assign(value.records[0] ?? {}, { incarnation: "../../etc" })),
    ])
      expect((await refusedOf(bytes)).code).toBe("vault_corrupt");
  });
});

test("a later state stays, and what the backup has besides is put there", async () => {
  using home = await backedUp();
  const store = fileIn(home, "restored");
  await restore(home, store);
  await opened(home, store, (there) => there.commit([put("github:work", 3, "renewed since")]));
  expect((await restore(home, store)).records).toMatchObject({ newer: ["github:work"] });
  await opened(home, store, async (there) =>
    expect((await there.read("connection", "github:work"))?.body).toBe("renewed since"),
  );
});

test("another vault is left alone", async () => {
  using home = await backedUp();
  const store = fileIn(home, "other");
  const other = await openOrMake(home.context({ AUTH_STORE: store, AUTH_KEY: COPY_KEY }));
  await other.commit([put("a:b", 1, "mine")]);
  await other.close();
  expect((await refusal(restore(home, store))).code).toBe("usage");
  expect(await opened(home, store, contentOf)).toEqual(["connection a:b 1 mine"]);
});

test("a dry run makes no vault", async () => {
  using home = await backedUp();
  expect(counts(await restore(home, fileIn(home, "restored"), IDENTITIES, true))).toEqual({ new: 6 });
  expect(readdirSync(home.folder)).not.toContain("restored");
});

test("no file is replaced by a backup, and none is left of one that can't be written", async () => {
  using home = await backedUp();
  const before = readFileSync(fileOf(home));
  expect((await refusal(backup(home))).code).toBe("usage");
  expect(readFileSync(fileOf(home)).equals(before)).toBeTrue();
  // While the passphrase was asked for.
  const late = join(home.folder, "late");
  const asked = async (): Promise<Sealing> => {
    writeFileSync(late, "mine");
    return RECIPIENTS;
  };
  expect((await refusal(backupVault(home.context({ AUTH_KEY: KEY }), late, asked))).code).toBe("usage");
  expect(readFileSync(late, "utf8")).toBe("mine");
  const { code } = await refusal(backup(home, RECIPIENTS, join(home.folder, "no-folder", "vault.age")));
  expect(code).toBe("vault_unwritable");
  for (const recipients of [["age1nonsense"], [IDENTITY]]) {
    const refused = await refusal(backup(home, { recipients }, join(home.folder, "next.age")));
    expect(refused.code).toBe("usage");
    expect(refused.text).not.toContain(IDENTITY);
  }
  expect(readdirSync(home.folder).filter((name) => name.includes(".age"))).toEqual(["vault.age"]);
});

test("a reply that was kept and never committed is in the backup", async () => {
  using home = newHome();
  const vault = await filled(home);
  const lock = await vault.tryLock("github:work");
  await lock?.reply.prepare();
  await lock?.reply.keep(version(2), new TextEncoder().encode("the only new token"));
  lock?.release();
  vault.close();
  await backup(home);
  const store = fileIn(home, "restored");
  await restore(home, store);
  await opened(home, store, async (there) => {
    const held = await there.tryLock("github:work");
    const bytes = await held?.reply.read(version(2));
    expect(new TextDecoder().decode(bytes ?? undefined)).toBe("the only new token");
    held?.release();
  });
});
