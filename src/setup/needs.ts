/** Checks of what a person gave, and of what a file says. */
import { usage } from "../platform/errors.ts";
import { shellWord } from "../platform/shell-word.ts";
import { refused } from "./refused.ts";
import { TOOLS } from "./table.ts";
import type { SetupCall } from "./tool.ts";

export function requireConnection({ connection }: SetupCall, tool: string): string {
  if (connection !== null) return connection;
  throw usage("A connection must be named: this program doesn't say what it asks for.", exampleOf(tool, null));
}

/** The whole command, with the connection that was given. */
export function exampleOf(tool: string, connection: string | null): string {
  const { example: general = tool } = TOOLS[tool] ?? {};
  const example = connection === null ? general : general.replace("<connection>", () => shellWord(connection));
  return `auth setup ${example}`;
}

/** @param what it is: `the profile of AWS` */
export function requireName({ name, connection }: SetupCall, tool: string, what: string): string {
  if (name === null)
    throw usage(`It isn't said which: --name is ${what}.`, `For example: ${exampleOf(tool, connection)}`);
  if (!/^[\w.@:/-]{1,200}$/.test(name)) throw usage(`'${name}' can't be the name of ${what}.`);
  return name;
}

/** One that needs no quotes in TOML. */
export function requireBareName(call: SetupCall, tool: string, what: string): string {
  const name = requireName(call, tool, what);
  if (/^[\w-]+$/.test(name)) return name;
  throw usage(`'${name}' can't be the name of ${what}.`, "Give letters, digits, - and _: --name <name>");
}

/** A place that depends on the user's home. */
export function requirePlace([path]: readonly string[]): string {
  if (path === undefined) throw usage("No home is known, and so no place of the configuration.", "Set HOME.");
  return path;
}

/** Names and paths: they need no quotes, mean nothing else to a parser, and hold no secret, since our lines are recorded. */
const PLAIN = /^[\w.~/:\\@+][\w.~/:\\@+-]{0,199}$/;

/**
 * @param items values that the file has and that are kept in our line; each may be several words
 * @param what where they are: `GOAUTH in /home/me/.config/go/env`
 * @throws AuthError `setup_refused` where one is more than names and paths
 */
export function requirePlain(items: readonly string[], what: string): readonly string[] {
  if (items.every((item) => item.split(/\s+/).every((word) => PLAIN.test(word)))) return items;
  throw refused(
    `${what} has something else than names and paths, which isn't carried over.`,
    "To put auth alone in its place, until --undo: --replace",
  );
}

/** `registry.example:5000` of an origin. */
export function hostIn(origin: string): string {
  return new URL(origin).host;
}
