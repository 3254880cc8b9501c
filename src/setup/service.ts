/** Stops a service of this user before its file is removed: the service manager would let it run on. */
import { realpath } from "node:fs/promises";
import type { Environment } from "../platform/context.ts";
import { helperEnvironment } from "../platform/helper-programs.ts";
import type { Surroundings } from "../platform/places.ts";

/** Stops the service that was started by a file. */
export interface Ending {
  /** What a person would type. */
  readonly command: readonly string[];
  /** `failed`: the service manager can't be reached, or refuses. */
  run(): Promise<"ended" | "not running" | "failed">;
}

/** systemctl(1): `disable --now` needs the unit's file. A unit of that name in another folder isn't ours. */
export function systemdEnding({ env }: Surroundings, unit: string, path: string): Ending {
  const command = ["systemctl", "--user", "disable", "--now", unit];
  return {
    command,
    run: async () => {
      const loaded = await outputOf(["systemctl", "--user", "show", "--property=FragmentPath", "--value", unit], env);
      if (loaded === null) return "failed";
      if ((await realOf(loaded.trim())) !== (await realOf(path))) return "not running";
      return (await outputOf(command, env)) === null ? "failed" : "ended";
    },
  };
}

/** With links resolved; the path itself where there is nothing. */
function realOf(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

/** launchctl(1). Without its file it doesn't start at the next login either. */
export function launchdEnding({ env }: Surroundings, label: string): Ending {
  const command = ["launchctl", "bootout", `gui/${process.getuid?.() ?? 0}/${label}`];
  return { command, run: async () => ((await outputOf(command, env)) === null ? "failed" : "ended") };
}

/** Milliseconds: systemd gives a service 90 seconds to stop. */
const TIME = 100_000;

/** null where it can't be run, or fails. */
async function outputOf([program = "", ...words]: readonly string[], env: Environment): Promise<string | null> {
  const found = Bun.which(program, { PATH: env.PATH ?? "" });
  if (found === null) return null;
  const child = Bun.spawn([found, ...words], {
    env: helperEnvironment(env),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
    timeout: TIME,
    killSignal: "SIGKILL",
  });
  const [printed, code] = await Promise.all([child.stdout.text(), child.exited]);
  return code === 0 ? printed : null;
}
