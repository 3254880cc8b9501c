/** Lets a person edit a text in $VISUAL or $EDITOR, in a private file that is gone afterwards. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Environment } from "./context.ts";
import { AuthError } from "./errors.ts";
import { helperEnvironment } from "./helper-environment.ts";

/** @throws AuthError `usage` when the editor can't be started or gives up */
export async function editText(text: string, env: Environment): Promise<string> {
  const editor = env.VISUAL?.trim() || env.EDITOR?.trim() || "vi";
  const folder = await mkdtemp(join(tmpdir(), "auth-edit-"));
  try {
    const file = join(folder, "settings");
    await writeFile(file, text, { mode: 0o600, flag: "wx" });
    // As every program does that honours it: $EDITOR may hold arguments.
    const child = Bun.spawn(["sh", "-c", `${editor} "$1"`, "sh", file], {
      env: helperEnvironment(env),
      stdio: ["inherit", "inherit", "inherit"],
    });
    const code = await child.exited;
    if (code !== 0)
      throw new AuthError("usage", `The editor (${editor}) ended with ${code}.`, { hint: "Nothing was changed." });
    return await readFile(file, "utf8");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
