/** The key stands in AUTH_KEY. Nothing is stored. */

import { parseKey } from "./encoding.ts";
import { locked } from "./locked.ts";
import type { KeySource } from "./source.ts";

export const envSource: KeySource = {
  async open({ context }) {
    const text = context.env.AUTH_KEY;
    if (!text)
      throw locked(
        "The vault's key comes from AUTH_KEY, which is not set.",
        "Set AUTH_KEY to the key that the vault was made with (what 'auth run -- <command>' runs doesn't get it, unless --keep-key is given).",
      );
    return parseKey(text, "AUTH_KEY");
  },
  async create(request) {
    return { key: await this.open(request), kdf: null };
  },
  async forget() {},
};
