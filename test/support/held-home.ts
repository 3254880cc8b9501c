/** A home with logins at issuers whose replies wait when a test says so, and whose tokens live as long as it says. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type HeldIssuer, startHeld } from "../issuers/held.ts";
import { succeeded } from "./home.ts";
import { auth, bareEnvironment, type Ended, type RunOptions, tempFolder } from "./program.ts";

export interface HeldHome {
  readonly env: Record<string, string>;
  readonly issuers: readonly HeldIssuer[];
  call(args: readonly string[], options?: RunOptions): Promise<Ended>;
  stop(): Promise<void>;
}

/** @param ids a provider each, with one login @param lifetime seconds that access tokens live @param more of their descriptions */
export async function heldHome(
  ids: readonly string[],
  lifetime: number,
  origins: readonly string[] = [],
  before = 0,
  more = "",
): Promise<HeldHome> {
  const env = bareEnvironment();
  const call: HeldHome["call"] = (args, { env: added, ...rest } = {}) =>
    auth(args, { ...rest, env: { ...env, ...added } });
  const issuers: HeldIssuer[] = [];
  for (const id of ids) {
    const issuer = startHeld(lifetime, before + issuers.length * 100);
    issuers.push(issuer);
    const file = join(tempFolder(), `${id}.toml`);
    writeFileSync(file, issuer.manifest(id, more, origins), { mode: 0o600 });
    await succeeded(call(["provider", "add", file, "--yes"]));
    await succeeded(call(["login", id, "--flow", "device"]));
  }
  return { env, issuers, call, stop: async () => void (await Promise.all(issuers.map(({ stop }) => stop()))) };
}
