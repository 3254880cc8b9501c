/** Vaults that each member opens with a key of their own. Between machines: shared-members.test.ts. */

import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateHybridIdentity, generateX25519Identity, identityToRecipient } from "age-encryption";
import type { Context } from "../../src/platform/context.ts";
import { initVault } from "../../src/vault/create.ts";
import { fingerprintOf, hasFingerprint, parseFingerprint } from "../../src/vault/fingerprint.ts";
import {
  MAX_MEMBERS,
  membersOf,
  newKey,
  newKeyId,
  parseHeader,
  retiredKeys,
  unwrap,
  wrap,
} from "../../src/vault/header.ts";
import { type Member, packMembers, unpackMembers, withMember } from "../../src/vault/members.ts";
import { addMember, membership, removeMember } from "../../src/vault/membership.ts";
import { rekeyVault } from "../../src/vault/rekey.ts";
import type { DataKey } from "../../src/vault/seal.ts";
import { ownPublicKey } from "../../src/vault/sources/identity.ts";
import { membersSource } from "../../src/vault/sources/members.ts";
import { vaultStatus } from "../../src/vault/status.ts";
import { openVault } from "../../src/vault/store.ts";
import type { Vault } from "../../src/vault/types.ts";
import { type Home, KEY, newHome, put, refusal } from "./home.ts";

const BOB = await generateX25519Identity();
const bob: Member = { name: "bob", publicKey: await identityToRecipient(BOB) };
const agreed = async (): Promise<void> => {};

/** A vault with a login in it and its key in a file. */
async function filled(home: Home): Promise<void> {
  await initVault(home.context(), { source: "file" });
  const vault = (await openVault(home.context())) as Vault;
  await vault.commit([put("a:b", 1, "1")]);
  await vault.close();
}

async function read(home: Home, env: Record<string, string> = {}): Promise<string | undefined> {
  const vault = await openVault(home.context(env));
  const entry = await vault?.read("connection", "a:b");
  await vault?.close();
  return entry?.body;
}

async function some(count: number): Promise<Member[]> {
  const one = async (i: number): Promise<Member> => ({
    name: `n${i}`,
    publicKey: await identityToRecipient(await generateX25519Identity()),
  });
  return Promise.all(Array.from({ length: count }, (_, i) => one(i)));
}

describe("a header with members", () => {
  const vaultId = "ab".repeat(16);
  const old: DataKey = { vaultId, epoch: 1, id: newKeyId(), raw: newKey() };
  const keys = { raw: newKey(), index: newKey() };

  async function make(members: readonly Member[] = [bob]) {
    using home = newHome();
    const request = { context: home.context(), vaultId, keyId: newKeyId(), kdf: null, members };
    const { key, team } = await membersSource.create(request);
    const fresh = { vaultId, epoch: 2, keyId: newKeyId(), source: "members", kdf: null, team: team ?? null } as const;
    return { key, header: await wrap(fresh, key, keys, [old]) };
  }

  test("is read as it was written, with who they are and the keys before it; its format is the second", async () => {
    const { key, header } = await make();
    expect(header.bytes[0]).toBe(2);
    expect(parseHeader(header.bytes)).toEqual(header);
    const opened = await unwrap(header, key);
    if (opened === null) throw new Error("it doesn't open");
    expect(opened.data.raw).toEqual(keys.raw);
    expect(await membersOf(header, opened)).toEqual([bob]);
    expect(await retiredKeys(header, opened)).toEqual([old]);
  });

  test("without members it is of the first format, as it always was", async () => {
    const { bytes } = await wrap(
      { vaultId, epoch: 1, keyId: newKeyId(), source: "file", kdf: null },
      newKey(),
      keys,
      [],
    );
    expect(bytes[0]).toBe(1);
    expect(bytes.length).toBe(67 + 28 + 12 + 64 + 16);
  });

  test("says nothing of who they are to those who can't open it", async () => {
    const { header } = await make();
    const text = Buffer.from(header.bytes).toString("latin1");
    expect(text).not.toContain(bob.name);
    expect(text).not.toContain(bob.publicKey);
  });

  test("with a bit flipped anywhere gives no keys, no list and no former keys", async () => {
    const { key, header } = await make();
    for (let bit = 0; bit < header.bytes.length * 8; bit++) {
      const edited = header.bytes.slice();
      edited[bit >> 3] = (edited[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const outcome = await Promise.resolve(edited)
        .then((value) => unwrap(parseHeader(value), key))
        .catch((error) => error.code);
      expect([null, "vault_corrupt"]).toContain(outcome);
    }
  });

  test("cut short or made longer is refused", async () => {
    const { bytes } = (await make()).header;
    for (let length = 0; length < bytes.length; length++)
      expect(() => parseHeader(bytes.slice(0, length))).toThrow(/damaged/);
    expect(() => parseHeader(new Uint8Array([...bytes, 0]))).toThrow(/damaged/);
  });

  test("of another format than its source is damaged, and one of the next format newer", async () => {
    const { bytes } = (await make()).header;
    expect(() => parseHeader(Uint8Array.from(bytes).fill(1, 0, 1))).toThrow(/damaged/);
    expect(() => parseHeader(Uint8Array.from(bytes).fill(3, 0, 1))).toThrow(/newer version/);
    for (const source of [0, 1, 2, 3, 4, 6, 255])
      expect(() => parseHeader(Uint8Array.from(bytes).fill(source, 29, 30))).toThrow(/damaged/);
  });

  test("has room for as many members as a vault may have, and is refused where a part of it is larger", async () => {
    const { key, header } = await make(await some(MAX_MEMBERS));
    const opened = await unwrap(parseHeader(header.bytes), key);
    expect(opened && (await membersOf(header, opened))).toHaveLength(MAX_MEMBERS);
    const at = 67 + new DataView(header.bytes.buffer).getUint16(65);
    for (const length of [0, 20_000, 65_535]) {
      const edited = header.bytes.slice();
      new DataView(edited.buffer).setUint16(at, length);
      expect(() => parseHeader(edited)).toThrow(/damaged/);
    }
  });

  test("shows a key that it once had, and none that it never had", async () => {
    const { key, header } = await make();
    const opened = await unwrap(header, key);
    if (opened === null) throw new Error("it doesn't open");
    for (const known of [opened.data, old])
      expect(await hasFingerprint(header, opened, fingerprintOf(known))).toBe(true);
    for (const other of [
      { ...old, raw: newKey() },
      { ...old, vaultId: "cd".repeat(16) },
    ])
      expect(await hasFingerprint(header, opened, fingerprintOf(other))).toBe(false);
  });
});

test("a list of members that was made by nothing of ours is none", () => {
  expect(unpackMembers(packMembers([bob]))).toEqual([bob]);
  for (const members of [
    [],
    [{ ...bob, name: "" }],
    [{ ...bob, name: "a\nb" }],
    [{ ...bob, publicKey: "age1" }],
    Array.from({ length: MAX_MEMBERS + 1 }, () => bob),
  ])
    expect(unpackMembers(packMembers(members))).toBeNull();
  expect(unpackMembers(packMembers([bob]).slice(0, -1))).toBeNull();
});

test("a fingerprint is read however it is written, and nothing else is one", () => {
  const text = "0123-4567-89ab-cdef-0123-4567-89ab-cdef";
  for (const form of [text, text.replaceAll("-", ""), text.toUpperCase(), text.replaceAll("-", ":"), ` ${text} `])
    expect(parseFingerprint(form)).toBe(text);
  for (const form of ["", text.slice(1), `${text}0`, text.replace("a", "g"), bob.publicKey])
    expect(() => parseFingerprint(form)).toThrow(/no fingerprint/);
});

describe("who may be added", () => {
  test("no name or public key twice, and no more than the vault has room for", async () => {
    const there = [bob];
    expect(() => withMember(there, { ...bob, name: "other" })).toThrow("This public key is a member's already: bob");
    const [other] = await some(1);
    if (other === undefined) throw new Error("none");
    expect(() => withMember(there, { ...other, name: "BOB" })).toThrow(/of that name already/);
    expect(withMember(there, other)).toEqual([bob, other]);
    expect(() =>
      withMember(
        Array.from({ length: MAX_MEMBERS }, () => bob),
        other,
      ),
    ).toThrow(/at most/);
  });

  test("what is no name or no public key is refused, nothing is changed, and an identity isn't shown", async () => {
    using home = newHome();
    await filled(home);
    const hybrid = await identityToRecipient(await generateHybridIdentity());
    const wrongSum = bob.publicKey.slice(0, -1) + (bob.publicKey.endsWith("q") ? "p" : "q");
    for (const [name, publicKey] of [
      ["", bob.publicKey],
      ["a b", bob.publicKey],
      ["-x", bob.publicKey],
      ["x".repeat(65), bob.publicKey],
      ["bob", "age1"],
      ["bob", ""],
      ["bob", wrongSum],
      ["bob", hybrid],
      ["bob", BOB],
      ["bob", "ssh-ed25519 AAAA"],
      // The point of order one: anyone knows the secret that is agreed on with it.
      ["bob", "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z"],
    ] as const) {
      const refused = await refusal(addMember(home.context(), { name, publicKey }));
      expect([name, publicKey, refused.code]).toEqual([name, publicKey, "usage"]);
      expect(refused.text).not.toContain(BOB);
      expect([publicKey, refused.text.includes("checksum")]).toEqual([publicKey, publicKey === wrongSum]);
    }
    expect((await vaultStatus(home.context()))?.keySource).toBe("file");
    expect(await read(home)).toBe("1");
  });
});

test("the first member added makes this home one as well: both open the vault, and the old key is gone", async () => {
  using home = newHome();
  await filled(home);
  const before = readFileSync(home.key, "utf8").trim();
  const changed = await addMember(home.context(), bob, { as: "ann" });
  expect(changed).toMatchObject({ source: "members", epoch: 2, records: 1 });
  expect(changed.members.map(({ name }) => name)).toEqual(["ann", "bob"]);
  expect(readFileSync(home.key, "utf8").trim()).toBe("");
  expect(await vaultStatus(home.context())).toMatchObject({ keySource: "members", format: 2 });
  expect(await read(home)).toBe("1");
  expect(await read(home, { AUTH_IDENTITY: BOB })).toBe("1");
  const found = await membership(home.context());
  expect(found.members.map(({ name, self }) => [name, self])).toEqual([
    ["ann", true],
    ["bob", false],
  ]);
  const refused = await refusal(read(home, { AUTH_KEY: before.split(" ")[1] ?? "" }));
  expect(refused.code).toBe("vault_locked");
});

test("only the first addition names this machine: --as is refused where the vault has members, and changes nothing", async () => {
  using home = newHome();
  await filled(home);
  await addMember(home.context(), bob, { as: "ann" });
  const [dan] = await some(1);
  const refused = await refusal(addMember(home.context(), dan as Member, { as: "zoe" }));
  expect(refused.code).toBe("usage");
  expect(refused.text).toContain("Leave out --as");
  expect((await membership(home.context())).members.map(({ name }) => name)).toEqual(["ann", "bob"]);
  expect(await vaultStatus(home.context())).toMatchObject({ epoch: 2 });
});

test("this home's key is private, is made once, and names its public half", async () => {
  using home = newHome();
  const first = await ownPublicKey(home.context());
  expect(first.made).toBe(true);
  expect(await ownPublicKey(home.context())).toEqual({ ...first, made: false });
  const { identity } = home.context().paths;
  expect(statSync(identity).mode & 0o777).toBe(0o600);
  expect(readFileSync(identity, "utf8")).toMatch(
    new RegExp(`^# public key: ${first.publicKey}\nAGE-SECRET-KEY-1[0-9A-Z]{58}\n$`),
  );
  const own = { AUTH_IDENTITY: BOB };
  expect(await ownPublicKey(home.context(own))).toEqual({ publicKey: bob.publicKey, made: false });
});

test("processes that make this home's key at once all have the same", async () => {
  using home = newHome();
  const all = await Promise.all(Array.from({ length: 8 }, () => ownPublicKey(home.context())));
  expect(new Set(all.map(({ publicKey }) => publicKey)).size).toBe(1);
  expect(await ownPublicKey(home.context())).toMatchObject({ publicKey: all[0]?.publicKey ?? "" });
  // No other secret stays in the file, nor a draft beside it.
  expect(readFileSync(home.context().paths.identity, "utf8").match(/^AGE-SECRET-KEY-1/gm)).toHaveLength(1);
  expect(all.filter(({ made }) => made)).toHaveLength(1);
  expect(readdirSync(home.folder)).toEqual(["identity"]);
});

test("this home's key is written to an empty file, as a full disk leaves one", async () => {
  using home = newHome();
  const { identity } = home.context().paths;
  writeFileSync(identity, "\n", { mode: 0o600 });
  const { publicKey } = await ownPublicKey(home.context());
  expect(await ownPublicKey(home.context())).toEqual({ publicKey, made: false });
  expect(readFileSync(identity, "utf8")).toStartWith("\n# public key: ");
});

test("a pipe in the place of this home's key is refused, and not waited for", async () => {
  using home = newHome();
  Bun.spawnSync(["mkfifo", home.context().paths.identity]);
  const script = `const { ownIdentity } = await import(process.argv[1]);
    try { await ownIdentity({ env: {}, paths: { identity: process.argv[2] } }); } catch (error) { console.log(error.code); }`;
  const path = join(import.meta.dir, "../../src/vault/sources/identity.ts");
  const child = Bun.spawn([process.execPath, "-e", script, path, home.context().paths.identity], { stdout: "pipe" });
  expect(await new Response(child.stdout).text()).toBe("vault_locked\n");
});

test("a home without a key, one that is no member, and one whose key is damaged or others' are told what to do", async () => {
  using home = newHome();
  await filled(home);
  await addMember(home.context(), bob);
  const { identity } = home.context().paths;
  const text = readFileSync(identity, "utf8");

  rmSync(identity);
  const without = await refusal(read(home));
  expect([without.code, without.text.includes("auth vault member key")]).toEqual(["vault_locked", true]);

  const stranger = await generateX25519Identity();
  const refused = await refusal(read(home, { AUTH_IDENTITY: stranger }));
  expect(refused.code).toBe("vault_locked");
  expect(refused.text).toContain(`auth vault member add <name> ${await identityToRecipient(stranger)}`);
  expect(refused.text).not.toContain(stranger);

  writeFileSync(identity, text, { mode: 0o644 });
  expect((await refusal(read(home))).text).toContain("Other users can reach the identity file");
  rmSync(identity);
  const line = text.split("\n")[1] ?? "";
  for (const content of [
    "nonsense\n",
    line.slice(0, -1),
    line.slice(0, -1) + (line.endsWith("Q") ? "P" : "Q"),
    line.toLowerCase(),
  ]) {
    writeFileSync(identity, content, { mode: 0o600 });
    const damaged = await refusal(read(home));
    expect([content, damaged.code]).toEqual([content, "key_invalid"]);
    expect(damaged.text).not.toContain(line.slice(16, 40));
    expect((await refusal(read(home, { AUTH_IDENTITY: content }))).code).toBe("key_invalid");
    rmSync(identity);
  }
  writeFileSync(identity, text, { mode: 0o600 });
  expect(await read(home)).toBe("1");
});

test("AUTH_IDENTITY is looked at only where a vault has members: it locks no other, and chooses no source", async () => {
  using home = newHome();
  await filled(home);
  expect(await read(home, { AUTH_IDENTITY: BOB })).toBe("1");
  expect((await vaultStatus(home.context({ AUTH_IDENTITY: BOB })))?.keyVariable).toBeNull();
});

test("a vault can be made with members from the beginning: this home is the first", async () => {
  using home = newHome();
  await initVault(home.context({ AUTH_IDENTITY: BOB }), { source: "members" });
  const found = await membership(home.context({ AUTH_IDENTITY: BOB }));
  expect(found.members).toMatchObject([{ publicKey: bob.publicKey, self: true }]);
  expect(existsSync(home.context().paths.identity)).toBe(false);
});

test("a rekey keeps the members; who was removed opens nothing any more, and the rest do", async () => {
  using home = newHome();
  await filled(home);
  await addMember(home.context(), bob);
  await rekeyVault(home.context(), {});
  expect(await read(home, { AUTH_IDENTITY: BOB })).toBe("1");
  const changed = await removeMember(home.context(), "BOB", {}, agreed);
  expect([changed.members.length, changed.gone]).toEqual([1, ["bob"]]);
  expect((await refusal(read(home, { AUTH_IDENTITY: BOB }))).code).toBe("vault_locked");
  expect(await read(home)).toBe("1");
});

test("who came and who left is logged by name", async () => {
  using home = newHome();
  await filled(home);
  const messages: (string | undefined)[] = [];
  const audit: Context["audit"] = async ({ message }) => void messages.push(message);
  await addMember({ ...home.context(), audit }, bob, { as: "ann" });
  await removeMember({ ...home.context(), audit }, "BOB", {}, agreed);
  expect(messages).toContain("members added: ann, bob");
  expect(messages).toContain("members removed: bob");
});

test("the status of a vault says whether this machine is a member", async () => {
  using home = newHome();
  await filled(home);
  expect((await vaultStatus(home.context()))?.member).toBeNull();
  await addMember(home.context(), bob);
  const asBob = home.context({ AUTH_IDENTITY: BOB });
  expect([(await vaultStatus(home.context()))?.member, (await vaultStatus(asBob))?.member]).toEqual([true, true]);
  await removeMember(home.context(), "bob", {}, agreed);
  const { member, warnings } = (await vaultStatus(asBob)) ?? {};
  expect(member).toBe(false);
  expect(warnings?.map(({ text }) => text).join("\n")).toContain("This machine is not a member of the vault");
});

test("the last member stays, and this home itself only goes where that is agreed to", async () => {
  using home = newHome();
  await filled(home);
  await addMember(home.context(), bob, { as: "ann" });
  const refuse = async (): Promise<void> => {
    throw new Error("not meant");
  };
  expect((await refusal(removeMember(home.context(), "nobody", {}, agreed))).code).toBe("usage");
  expect(removeMember(home.context(), "ann", {}, refuse)).rejects.toThrow("not meant");
  expect(await read(home)).toBe("1");
  await removeMember(home.context(), "ann", {}, agreed);
  expect((await refusal(read(home))).code).toBe("vault_locked");
  const left = home.context({ AUTH_IDENTITY: BOB });
  expect((await refusal(removeMember(left, "bob", {}, agreed))).text).toContain("auth vault rekey --key");
});

test("a vault leaves its members for another source, and has none then", async () => {
  using home = newHome();
  await filled(home);
  await addMember(home.context(), bob);
  await rekeyVault(home.context({ AUTH_KEY: KEY }), { source: "env" });
  expect(await vaultStatus(home.context())).toMatchObject({ keySource: "env", format: 1 });
  expect(await read(home, { AUTH_KEY: KEY })).toBe("1");
  expect((await refusal(read(home, { AUTH_IDENTITY: BOB }))).code).toBe("vault_locked");
  expect(await membership(home.context({ AUTH_KEY: KEY }))).toMatchObject({ source: "env", members: [] });
});

test("two that add at once: one is told, and no member is lost", async () => {
  using home = newHome();
  await filled(home);
  await addMember(home.context(), bob);
  const added = await some(3);
  const ends = await Promise.allSettled(added.map((member) => addMember(home.context(), member)));
  const won = added.filter((_, i) => ends[i]?.status === "fulfilled").map(({ name }) => name);
  expect(won.length).toBeGreaterThan(0);
  for (const end of ends) if (end.status === "rejected") expect((end.reason as { code: string }).code).toBe("busy");
  const { members } = await membership(home.context());
  expect(members.map(({ name }) => name).slice(1)).toEqual(["bob", ...won]);
});
