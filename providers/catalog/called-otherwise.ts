/** What people call a part of a provider, or its owner → the words after `auth login` by which it is had. */
export const calledOtherwise: Readonly<Record<string, readonly string[]>> = {
  adwords: ["google", "--scope", "ads"],
  "google-ads": ["google", "--scope", "ads"],
  youtube: ["google", "--scope", "youtube"],
  "search-console": ["google", "--scope", "search-console"],
  "google-search-console": ["google", "--scope", "search-console"],
  // https://developers.google.com/workspace/gmail/api/auth/scopes
  gmail: ["google", "--scope", "openid,email,https://www.googleapis.com/auth/gmail.modify"],
  graph: ["entra"],
  "microsoft-graph": ["entra"],
  office365: ["entra"],
  "office-365": ["entra"],
  "microsoft-365": ["entra"],
  outlook: ["entra", "--scope", "mail"],
  onedrive: ["entra", "--scope", "files"],
  teams: ["entra", "--scope", "teams"],
  "microsoft-teams": ["entra", "--scope", "teams"],
  sharepoint: ["entra", "--scope", "sharepoint"],
  intuit: ["quickbooks"],
};
