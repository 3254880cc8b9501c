/** The table of sources, in the order in which they are listed. */
import type { ImportSource } from "./source.ts";
import { authsome } from "./sources/authsome.ts";
import { az } from "./sources/az.ts";
import { claudeCode } from "./sources/claude-code.ts";
import { codex } from "./sources/codex.ts";
import { dotenv } from "./sources/dotenv.ts";
import { gcloud } from "./sources/gcloud.ts";
import { gh } from "./sources/gh.ts";
import { mcpRemote } from "./sources/mcp-remote.ts";
import { netrc } from "./sources/netrc.ts";
import { npmrc } from "./sources/npmrc.ts";
import { sentryCli } from "./sources/sentry-cli.ts";

export const SOURCES: readonly ImportSource[] = [
  gh,
  gcloud,
  az,
  sentryCli,
  authsome,
  mcpRemote,
  claudeCode,
  codex,
  netrc,
  npmrc,
  dotenv,
];
