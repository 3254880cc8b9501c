/** A home for plugins, and a provider that isn't built in: an issuer of ours, described as a stranger would describe it. */
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startSentry } from "../issuers/sentry.ts";
import { auth, bareEnvironment, type Ended, type RunOptions, tempFolder } from "./program.ts";

export interface PluginHome {
  readonly issuer: ReturnType<typeof startSentry>;
  readonly env: Record<string, string>;
  /** Where plugins are installed. */
  readonly folder: string;
  call(args: readonly string[], options?: RunOptions): Promise<Ended>;
  /** A file somewhere else, to be added. @returns its path */
  file(name: string, text: string | Uint8Array): string;
  /** A file put into the folder by hand. */
  drop(name: string, text: string, mode?: number): string;
  installed(): string[];
  stop(): Promise<void>;
}

export function pluginHome(options: Parameters<typeof startSentry>[0] = {}): PluginHome {
  const issuer = startSentry({ approve: true, interval: 1, ...options });
  const env = bareEnvironment();
  const folder = join(env.AUTH_HOME as string, "providers");
  const elsewhere = tempFolder();
  const write = (path: string, text: string | Uint8Array, mode = 0o600): string => {
    writeFileSync(path, text, { mode });
    chmodSync(path, mode);
    return path;
  };
  return {
    issuer,
    env,
    folder,
    call: (args, { env: more, ...rest } = {}) => auth(args, { ...rest, env: { ...env, ...more } }),
    file: (name, text) => write(join(elsewhere, name), text),
    drop: (name, text, mode) => {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      return write(join(folder, name), text, mode);
    },
    installed: () => readdirSync(folder).sort(),
    stop: () => issuer.server.stop(),
  };
}

/** A manifest for the issuer. @param more further lines, in the top group */
export function manifest(url: string, more = "", id = "acme"): string {
  return `${more}
id = "${id}"
title = "ACME"
flows = ["device"]

[endpoints]
device = "${url}/oauth/device/code/"
token = "${url}/oauth/token/"

[client]
kind = "public"
create = "https://acme.example/apps"

[account]
from = "reply"
id = ["user.id"]
label = ["user.email"]
`;
}
