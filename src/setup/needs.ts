/** What has to be named, and what can't be. */
import { usage } from "../platform/errors.ts";
import { TOOLS } from "./table.ts";
import type { SetupCall } from "./tool.ts";

export function requireConnection({ connection }: SetupCall, tool: string): string {
  if (connection !== null) return connection;
  const { example = tool } = TOOLS[tool] ?? {};
  throw usage("A connection must be named: this program doesn't say what it asks for.", `auth setup ${example}`);
}

/** @param what it is: `the profile of AWS` */
export function requireName({ name }: SetupCall, what: string): string {
  if (name === null) throw usage(`It isn't said which: --name is ${what}.`);
  if (!/^[\w.@:/-]{1,200}$/.test(name)) throw usage(`'${name}' can't be the name of ${what}.`);
  return name;
}

/** One that needs no quotes in TOML. */
export function requireBareName(call: SetupCall, what: string): string {
  const name = requireName(call, what);
  if (/^[\w-]+$/.test(name)) return name;
  throw usage(`'${name}' can't be the name of ${what}.`, "Give letters, digits, - and _: --name <name>");
}

/** A place that depends on the user's home. */
export function requirePlace([path]: readonly string[]): string {
  if (path === undefined) throw usage("No home is known, and so no place of the configuration.", "Set HOME.");
  return path;
}

/** `registry.example:5000` of an origin. */
export function hostIn(origin: string): string {
  return new URL(origin).host;
}
