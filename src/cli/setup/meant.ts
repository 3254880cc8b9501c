/** Selects setups by a tool, the words after it, and the given hosts or names. */
import { usage } from "../../platform/errors.ts";
import type { SetupStatus } from "../../setup/engine.ts";
import { TOOLS } from "../../setup/table.ts";
import { shown } from "../suggest.ts";
import { originFrom } from "./call.ts";
import { profileIn } from "./commands.ts";

export interface Meant {
  /** null: each. */
  readonly tool: string | null;
  /** A connection, a client and its server, a shell. */
  readonly words: readonly string[];
  /** The name of the connection. */
  readonly profile: string | undefined;
  /** Hosts, or what it is called there. */
  readonly names: readonly string[];
}

type Named = Pick<SetupStatus, "tool" | "name" | "words" | "made">;

/** @throws AuthError `usage` for words that match no setup */
export function meantOf(all: readonly Named[], { tool, words, profile, names }: Meant): (one: Named) => boolean {
  const wanted = new Set(names.flatMap((name) => [name, ...originOrNone(name)]));
  const isCalled = (one: Named): boolean =>
    (tool === null || one.tool === tool) &&
    words.every((word, number) => one.words[number] === word) &&
    (profile === undefined || profileOf(one) === profile);
  const typed = [...words, ...(profile === undefined ? [] : [`-p ${profile}`])].join(" ");
  if (typed !== "" && !all.some(isCalled))
    throw usage(`Nothing was set up by '${shown(typed)}'.`, "See what was: auth setup");
  return (one) => isCalled(one) && (names.length === 0 || wanted.has(one.name));
}

/** The name of the connection; of a tool that isn't given one, the `-p` that goes into its calls. */
function profileOf(one: Named): string | undefined {
  return TOOLS[one.tool]?.words === undefined ? one.words[0]?.split(":").at(-1) : profileIn(one);
}

function originOrNone(name: string): string[] {
  try {
    const origin = originFrom(name);
    return [origin, new URL(origin).host];
  } catch {
    // Not a host: compared unchanged.
    return [];
  }
}
