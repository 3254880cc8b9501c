import { basename, dirname, join } from "node:path";
import { forgetFile } from "../connections/allowed-files.ts";
import { writeFolderPin } from "../connections/folder/pins.ts";
import { readEnvFile } from "../inject/env-file.ts";
import { usage } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import { absolutePath } from "../platform/paths.ts";
import { shellWord } from "../platform/shell-word.ts";
import { realFolder } from "../platform/small-file.ts";
import { listAllowed } from "./allowed-list.ts";
import { defineCommand } from "./command.ts";
import type { Cli } from "./context.ts";
import { allow, linesOf } from "./env-file.ts";
import { allowFolderFile, fileGiven, meansFolderFile } from "./folder-file.ts";
import { requireConsent } from "./input.ts";
import { inSession, type Session } from "./session.ts";

export default defineCommand({
  name: "allow",
  description: "Let a file say which tokens are used: as it is now, at this place",
  group: "setup",
  args: {
    path: {
      type: "positional",
      required: false,
      description:
        "An .auth.toml or its folder, or a file for --env-file; without it, the nearest .auth.toml from here upwards",
    },
    undo: { type: "boolean", description: "Forget the file" },
    yes: { type: "boolean", alias: "y", description: "Don't ask: a file for --env-file is shown, and asked about" },
    list: { type: "boolean", description: "List the files that were allowed or denied, and change nothing" },
  },
  examples: [
    ["auth allow", "this folder's .auth.toml, or the nearest one above, after a look at it"],
    ["auth allow .env --yes", "in a script, a file for the --env-file of run, which was looked at"],
    ["auth allow --list", "which there are, and what has become of them"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const { path, undo = false, yes = false } = args;
      if (args.list && (path !== undefined || undo)) throw usage("--list lists them all, and changes nothing.");
      if (args.list) return listAllowed(cli, session);
      if (path !== undefined && !meansFolderFile(path)) return allowEnvFile(cli, session, path, { undo, yes });
      const file = fileGiven(cli, path);
      if (!undo) return allowFolderFile(cli, session, file);
      const vault = await session.vault();
      const wasKnown = vault !== null && (await writeFolderPin(vault, file, null));
      return undone(cli, { path: file, state: "forgotten" }, wasKnown ? `Forgot ${escapeText(file)}.` : null);
    }),
});

/** It may set variables that hold no token, so it is shown and asked about. */
async function allowEnvFile(
  cli: Cli,
  session: Session,
  given: string,
  { undo, yes }: { readonly undo: boolean; readonly yes: boolean },
): Promise<void> {
  if (undo) {
    // Whatever the file is now: it may be gone, a link, or another user's.
    const path = placeOf(given);
    const vault = await session.vault();
    const wasAllowed = vault !== null && (await forgetFile(vault, path));
    return undone(cli, { path, allowed: false }, wasAllowed ? `${path} is not obeyed any more.` : null);
  }
  const file = await readEnvFile(given);
  const { path, references } = file;
  for (const line of linesOf(file)) cli.output.notice(line);
  await requireConsent(cli, "Allow it, as it is now?", yes, `Without a question: auth allow ${shellWord(given)} --yes`);
  await allow(cli, session, file);
  await cli.output.result({ path, allowed: true, references }, `${path} is allowed, as it is now.`);
}

/** @param message what was done; null: there was nothing to do, which is no error */
async function undone<T extends { readonly path: string }>(cli: Cli, done: T, message: string | null): Promise<void> {
  if (message !== null || cli.output.isJson) return cli.output.result(done, message ?? "");
  cli.output.say(`${escapeText(done.path)} was not allowed: there is nothing to undo.`);
}

/** The path with its folders' links resolved, as it was stored when the file was allowed. */
function placeOf(given: string): string {
  const path = absolutePath(given, process.platform);
  return join(realFolder(dirname(path)) ?? dirname(path), basename(path));
}
