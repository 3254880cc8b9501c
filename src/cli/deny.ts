import { readFolderPin, writeFolderPin } from "../connections/folder/pins.ts";
import { usage } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import { FOLDER_FILE } from "../platform/paths.ts";
import { ownershipIfThere } from "../platform/small-file.ts";
import { defineCommand } from "./command.ts";
import { fileGiven } from "./folder-file.ts";
import { inSession } from "./session.ts";

export default defineCommand({
  name: "deny",
  description: `Use a folder's ${FOLDER_FILE} no more, and don't mention it`,
  group: "setup",
  args: {
    path: {
      type: "positional",
      required: false,
      description: "The file, or its folder; without it, the nearest one from here upwards",
    },
  },
  examples: [
    ["auth deny", "the one of this folder or the nearest above it"],
    ["auth deny ~/src/shop", "the one of another folder; one that is gone is forgotten"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const path = fileGiven(cli, args.path);
      const shown = escapeText(path);
      const isGone = ownershipIfThere(path, "link") === null;
      const { vault } = await session.services();
      if (isGone && (await readFolderPin(vault, path)) === null)
        throw usage(`There is no ${shown}, and none was allowed.`, "See which there are: auth allow --list");
      const denied = { format: 1, path, at: cli.context.now(), allowed: null } as const;
      await writeFolderPin(vault, path, isGone ? null : denied);
      await cli.context.audit({ event: "folder", status: "success", message: `denied ${shown}` });
      await cli.output.result(
        { path, state: isGone ? "forgotten" : "denied" },
        isGone ? `Forgot ${shown}: it isn't there any more.` : `Denied ${shown}: it isn't used.`,
      );
    }),
});
