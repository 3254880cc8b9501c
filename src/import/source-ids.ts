/** What the sources are called, for those who needn't load them: a test compares it with the table. */
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
