/** The sources' names, without loading them. A test compares them with the table. */
export const SOURCE_IDS = [
  "gh",
  "gcloud",
  "az",
  "sentry",
  "authsome",
  "mcp-remote",
  "claude-code",
  "codex",
  "netrc",
  "npmrc",
  "env",
] as const;
