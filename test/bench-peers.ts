/** Other programs that hand over a token or a secret, for the comparison of `npm run bench`: those that are installed. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Peer {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** @param folder where their settings may be written @param env PATH and HOME to start them with */
export function installedPeers(folder: string, env: Readonly<Record<string, string>>): Peer[] {
  const gh = join(folder, "gh");
  mkdirSync(gh);
  writeFileSync(join(gh, "hosts.yml"), "github.com:\n    oauth_token: gho_bench\n    user: bench\n");
  const dotenv = join(folder, ".env");
  writeFileSync(dotenv, "BENCH=1\n");
  const peers: Peer[] = [
    { name: "gh auth token", command: ["gh", "auth", "token"], env: { ...env, GH_CONFIG_DIR: gh } },
    {
      name: "sentry auth token",
      command: ["sentry", "auth", "token"],
      env: { ...env, SENTRY_AUTH_TOKEN: "sntrys_bench", SENTRY_CLI_NO_TELEMETRY: "1", DO_NOT_TRACK: "1" },
    },
    { name: "dotenvx run -- true", command: ["dotenvx", "run", "-q", "-f", dotenv, "--", "true"], env },
  ];
  return peers.filter(({ command: [program = ""] }) => Bun.which(program) !== null);
}
