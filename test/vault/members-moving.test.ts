/** Copies and backups of vaults with members, in both directions. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { Secret } from "../../src/platform/secret.ts";
import { addMember, membership } from "../../src/vault/membership.ts";
import { backupVault, restoreVault } from "../../src/vault/moving/backup.ts";
import { copyVault } from "../../src/vault/moving/copy.ts";
import { type Home, KEY, newHome } from "./home.ts";
import {
  COPY_KEY,
  contentOf,
  copy,
  counts,
  expectSame,
  fileIn,
  filled,
  opened,
  openedWith,
  targetOf,
} from "./moving-home.ts";

const BOB = await generateX25519Identity();
const bob = { name: "bob", publicKey: await identityToRecipient(BOB) };

/** A vault with records in it, of this home and bob. @returns what is in it */
async function team(home: Home): Promise<string[]> {
  const vault = await filled(home);
  const content = await contentOf(vault);
  await vault.close();
  await addMember(home.context({ AUTH_KEY: KEY }), bob);
  return content;
}

test("from a vault with members to one with a key: each side opens its own by what is its own", async () => {
  using home = newHome();
  const content = await team(home);
  const store = fileIn(home, "copy");
  expect(counts(await copy(home, store, {}, home.context()))).toEqual({ new: 6 });
  expectSame(await opened(home, store, contentOf), content);
  // The copy's key may be given where this vault's would be.
  expect(counts(await copy(home, store, {}, home.context({ AUTH_KEY: COPY_KEY, AUTH_IDENTITY: BOB })))).toEqual({
    same: 6,
  });
});

test("from a vault with a key to one with members, which this home begins; and it goes on there", async () => {
  using home = newHome();
  const vault = await filled(home);
  const content = await contentOf(vault);
  await vault.close();
  const context = home.context({ AUTH_STORE: fileIn(home, "copy") });
  const target = { context, shown: "the copy", source: "members" } as const;
  const moved = await copyVault(home.context({ AUTH_KEY: KEY }), target, { dryRun: false });
  expect(moved.made).toEqual({ source: "members", chosen: true });
  expect((await membership(context)).members).toMatchObject([{ self: true }]);
  const again = await copyVault(home.context({ AUTH_KEY: KEY }), target, { dryRun: false });
  expect(counts(again)).toEqual({ same: 6 });
  expectSame(await openedWith(context, contentOf), content);
});

test("a backup of a vault with members is restored into one with members, and one without", async () => {
  using home = newHome();
  const content = await team(home);
  const file = join(home.folder, "vault.age");
  const recipients = [bob.publicKey];
  await backupVault(home.context(), file, async () => ({ recipients }));
  const by = async () => ({ identities: new Secret(BOB) });
  const target = {
    context: home.context({ AUTH_STORE: fileIn(home, "one") }),
    shown: "one",
    source: "members",
  } as const;
  expect(counts(await restoreVault(target, file, by, { dryRun: false }))).toEqual({ new: 6 });
  expectSame(await openedWith(target.context, contentOf), content);
  const other = fileIn(home, "other");
  expect(counts(await restoreVault(targetOf(home, other), file, by, { dryRun: false }))).toEqual({ new: 6 });
  expectSame(await opened(home, other, contentOf), content);
  // And back into the vault itself.
  expect(counts(await restoreVault({ context: home.context(), shown: "it" }, file, by, { dryRun: false }))).toEqual({
    same: 6,
  });
});
