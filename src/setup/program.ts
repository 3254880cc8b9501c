/** How other programs call `auth`: by its path, by a link of a name that they look for, or by a script that adds words. */
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { delimiter, dirname } from "node:path";
import { usage } from "../platform/errors.ts";
import { ownPath } from "../platform/own-program.ts";
import { joined, type Surroundings } from "../platform/places.ts";
import { shellWord } from "../platform/shell-word.ts";
import { isOpenTo, isOwnedByOther } from "../platform/small-file.ts";
import type { Wanted } from "./engine.ts";
import { refused } from "./refused.ts";
import type { SetupCall } from "./tool.ts";

/** The path of `auth` as it is found on PATH, links not resolved, so that it is still right after a package manager's update. */
export function ownProgram({ env }: Surroundings): string {
  const own = ownPath();
  const found = Bun.which("auth", { PATH: env.PATH ?? "" });
  return found !== null && realpathSync(found) === own ? found : own;
}

/** The folder for links and scripts: the program's own where the user can write to it and it is on PATH, else `~/.local/bin`. */
export function binFolder(where: Surroundings, auth: string): string {
  const beside = dirname(auth);
  const own = where.home === null ? [] : [joined(where, where.home, ".local", "bin")];
  return [beside, ...own].find((one) => isOnPath(where, one) && isUsable(one)) ?? own[0] ?? beside;
}

function isUsable(folder: string): boolean {
  try {
    const stats = statSync(folder);
    accessSync(folder, constants.W_OK);
    return !isOwnedByOther(stats) && !isOpenTo(stats, 0o002);
  } catch {
    return false;
  }
}

function isOnPath({ env }: Surroundings, folder: string): boolean {
  return (env.PATH ?? "").split(delimiter).some((one) => one.replace(/[\\/]$/, "") === folder);
}

/** A link to `auth`. By its name auth knows which client calls. */
export function linkTo(call: SetupCall, program: string, name: string, folder = call.bin): Wanted {
  const path = joined(call, folder, call.platform === "win32" ? `${program}.exe` : program);
  return { name, path, change: { kind: "link", to: call.auth } };
}

/**
 * The program `keyring` on PATH, which pip and uv ask for an index's password.
 * @throws AuthError `setup_refused` where another one is there: programs that use that one would find nothing in ours
 */
export function keyringLink(call: SetupCall, name: string): Wanted {
  const link = linkTo(call, "keyring", name);
  const found = Bun.which("keyring", { PATH: call.env.PATH ?? "" });
  if (found !== null && dirname(found) !== call.bin && !call.replace)
    throw refused(
      `There is a keyring already: ${found}. What others keep in it wouldn't be found in auth's.`,
      `If nothing else uses it, and ${call.bin} comes first on PATH: --replace`,
    );
  return link;
}

/** What a person should know of a link that is looked for on PATH. */
export function pathNotes(call: SetupCall, program: string): string[] {
  const found = Bun.which(program, { PATH: call.env.PATH ?? "" });
  const isOurs = found === null || dirname(found) === call.bin || realpathSync(found) === realpathSync(call.auth);
  return [
    ...(isOnPath(call, call.bin) ? [] : [`${call.bin} isn't on PATH yet, and ${program} is looked for there.`]),
    ...(isOurs ? [] : [`${found} is on PATH, too: the folder that comes first there counts.`]),
  ];
}

/** The command line of a helper. */
export function helperWords({ auth, connection, rest }: SetupCall, client: string): string[] {
  return [auth, "helper", client, ...(connection === null ? [] : [connection]), ...rest];
}

/** Quoted for a POSIX shell. */
export function posixLine(words: readonly string[]): string {
  return words.map((word) => shellWord(word, "linux")).join(" ");
}

/** For a program that splits a command at spaces and knows no quotes. @throws AuthError `usage` */
export function plainLine(words: readonly string[], tool: string): string {
  const bad = words.find((word) => !/^[\w@%+=:,./\\-]+$/.test(word));
  if (bad === undefined) return words.join(" ");
  throw usage(
    `${tool} takes no quotes in a command, and '${bad}' would need them.`,
    "Move what has a space in its path.",
  );
}

/** A script that calls the helper, for programs that take a path without arguments. */
export function scriptFor(call: SetupCall, client: string, file: string, name: string): Wanted {
  const words = helperWords(call, client);
  if (call.platform === "win32") {
    const line = words.map((word) => `"${word}"`).join(" ");
    const path = joined(call, call.bin, `${file}.cmd`);
    return { name, path, change: { kind: "whole", text: `@${line} %*\r\n`, mode: 0o755 } };
  }
  const text = `#!/bin/sh\nexec ${posixLine(words)} "$@"\n`;
  return { name, path: joined(call, call.bin, file), change: { kind: "whole", text, mode: 0o755 } };
}
