/** Who the members of a vault are, and changing that: always by a rekey, so that who leaves opens nothing written later. */

import type { Context } from "../platform/context.ts";
import { usage } from "../platform/errors.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { withDriver } from "./handover.ts";
import { membersOf, readHeader } from "./header.ts";
import { checkMemberName, checkPublicKey, type Member, memberNamed, withMember } from "./members.ts";
import { noVault } from "./no-vault.ts";
import { type Rekeyed, type RekeyOptions, rekeyVault } from "./rekey.ts";
import { ownIdentity, ownMember, publicKeyOf } from "./sources/identity.ts";
import { SOURCE_WORDS, type SourceName } from "./sources/source.ts";
import { openVault, type VaultOptions } from "./store.ts";
import { unlock, unlockCurrent } from "./unlock.ts";

export interface Membership {
  readonly source: SourceName;
  /** Empty where the key comes from elsewhere. */
  readonly members: readonly (Member & { /** This machine. */ readonly self: boolean })[];
  /** null: it has no members. */
  readonly fingerprint: string | null;
}

/** @throws AuthError as `openVault` */
export async function membership(context: Context, options: VaultOptions = {}): Promise<Membership> {
  const source = await withDriver(context, async (driver) => (await readHeader(driver)).source);
  if (source === null) throw await noVault(context);
  if (source !== "members") return { source, members: [], fingerprint: null };
  // This home has to know the vault before it shows anything of it.
  await (await openVault(context, options))?.close();
  const found = await withDriver(context, async (driver) => {
    const { header, keys } = await unlockCurrent(driver, (current) => unlock(context, current, options.prompt));
    return { members: await membersOf(header, keys), fingerprint: fingerprintOf(keys.data) };
  });
  if (found === null) throw await noVault(context);
  const own = await ownKey(context);
  const members = found.members.map((member) => ({ ...member, self: member.publicKey === own }));
  return { source, members, fingerprint: found.fingerprint };
}

export interface Changed extends Rekeyed {
  readonly members: readonly Member[];
  /** Names of those who are no members any more. */
  readonly gone: readonly string[];
}

/**
 * @param options.as this home's own name, where it becomes the first member: until now the vault's key came from elsewhere
 * @throws AuthError `usage` where the name or public key is taken or is none, or `as` is given and there are members; as
 *   `rekeyVault`
 */
export async function addMember(
  context: Context,
  { name, publicKey }: Member,
  { as, ...options }: RekeyOptions & { readonly as?: string } = {},
): Promise<Changed> {
  const added = { name: checkMemberName(name), publicKey: checkPublicKey(publicKey) };
  if (as !== undefined) checkMemberName(as);
  return change(context, options, async (now) => {
    if (now.length === 0) return withMember([await ownMember(context, as)], added);
    if (as !== undefined)
      throw usage("The vault has members already: --as names the first one.", "Nothing was changed. Leave out --as.");
    return withMember(now, added);
  });
}

/**
 * @param name in capitals or small letters
 * @param agree asked before this home takes itself out; throws where that isn't meant
 * @throws AuthError `usage` where there is none of that name, or no one would be left; as `rekeyVault`
 */
export async function removeMember(
  context: Context,
  name: string,
  options: RekeyOptions,
  agree: (name: string) => Promise<void>,
): Promise<Changed> {
  return change(context, options, async (now) => {
    if (now.length === 0) throw noMembers(null);
    const gone = memberNamed(now, name);
    if (now.length === 1)
      throw usage(`${gone.name} is the only member: without one nobody could open the vault.`, OTHER_SOURCE);
    if (gone.publicKey === (await ownKey(context))) await agree(gone.name);
    return now.filter((member) => member !== gone);
  });
}

const OTHER_SOURCE =
  "Let its key come from elsewhere: auth vault rekey --key passphrase   (or keychain, file, env, command)";

/** @param source null: where the key comes from isn't known */
function noMembers(source: SourceName | null): Error {
  const from = source === null ? "elsewhere" : `from ${SOURCE_WORDS[source]}`;
  return usage(
    `The vault has no members: its key comes ${from}.`,
    "To give it some: auth vault member add <name> <public-key>",
  );
}

async function change(
  context: Context,
  options: RekeyOptions,
  next: NonNullable<RekeyOptions["members"]>,
): Promise<Changed> {
  let before: readonly Member[] = [];
  let members: readonly Member[] = [];
  const rekeyed = await rekeyVault(context, {
    ...options,
    source: "members",
    members: async (now) => {
      before = now;
      members = await next(now);
      return members;
    },
  });
  const came = namesOnlyIn(members, before);
  const gone = namesOnlyIn(before, members);
  for (const [what, names] of [
    ["added", came],
    ["removed", gone],
  ] as const)
    if (names.length > 0)
      await context.audit({ event: "vault", status: "success", message: `members ${what}: ${names.join(", ")}` });
  return { ...rekeyed, members, gone };
}

function namesOnlyIn(members: readonly Member[], others: readonly Member[]): string[] {
  const keys = others.map(({ publicKey }) => publicKey);
  return members.filter(({ publicKey }) => !keys.includes(publicKey)).map(({ name }) => name);
}

/** null where this home has none. */
async function ownKey(context: Context): Promise<string | null> {
  const own = await ownIdentity(context);
  return own && (await publicKeyOf(own));
}
