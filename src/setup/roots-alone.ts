/** Programs that a configuration for all users may name: root runs them too, so only root may be able to change them. */
import { lstatSync, readlinkSync, type Stats } from "node:fs";
import { posix } from "node:path";
import { refused } from "./refused.ts";

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/**
 * @param paths of one program, absolute, the preferred one first
 * @returns the first that only root can change
 * @throws AuthError `setup_refused` where there is none
 */
export function requireRootsAlone(paths: readonly string[]): string {
  const faults = paths.map(faultOnTheWay);
  const found = paths.find((_, number) => faults[number] === null);
  if (found !== undefined) return found;
  throw refused(
    `Every user, root too, would run ${paths.at(-1)}, but ${faults.at(-1)}.`,
    "Install auth where all can run it and only root can write, such as /usr/local/bin, and set it up from there.",
  );
}

/** Checks each folder and link of the path: who can change one of them decides what is run. @returns a clause, or null */
function faultOnTheWay(path: string): string | null {
  let at = "/";
  let rest = namesOf(path);
  for (let steps = 0; steps < 1000; steps++) {
    const stats = lstatSync(at);
    if (stats.uid !== 0) return `${at} doesn't belong to root`;
    if (stats.isSymbolicLink()) {
      const to = readlinkSync(at);
      rest = [...namesOf(to), ...rest];
      at = to.startsWith("/") ? "/" : posix.dirname(at);
      continue;
    }
    // In a sticky folder other users can't rename or remove what belongs to root.
    const isSticky = stats.isDirectory() && (stats.mode & STICKY) !== 0;
    if ((stats.mode & WRITABLE_BY_OTHERS) !== 0 && !isSticky) return `${at} can be written by others than root`;
    if (!isSticky && !isOpenToAll(stats)) return `${at} isn't open to all of them`;
    const [name, ...more] = rest;
    if (name === undefined) return null;
    at = posix.join(at, name);
    rest = more;
  }
  return "links lead in a circle on the way to it";
}

/** Everyone can go through a folder, and read and run a program. */
function isOpenToAll(stats: Stats): boolean {
  const needed = stats.isDirectory() ? 0o001 : 0o005;
  return (stats.mode & needed) === needed;
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}
