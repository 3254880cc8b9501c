/** The program `keyring` on PATH, which pip and uv ask for an index's password. */
import { dirname } from "node:path";
import type { Wanted } from "./engine.ts";
import { linkTo } from "./program.ts";
import { refused } from "./refused.ts";
import type { SetupCall } from "./tool.ts";

/** @throws AuthError `setup_refused` where another one is there: whoever uses that would find nothing in ours */
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
