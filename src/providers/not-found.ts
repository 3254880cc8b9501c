/** What to do where there is no provider of a name: the one that was meant, or a description of one's own. */
import { commandLine, placeholder } from "../platform/shell-word.ts";
import { isProviderId } from "./id.ts";
import { suggestionHint } from "./suggest.ts";

/** What people call a part of a provider, or its owner → the words after `auth login` by which it is had. */
export const CALLED_OTHERWISE: Readonly<Record<string, readonly string[]>> = {
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

/** @param name as an id is written @param ids of every provider that there is */
export function notFoundHint(name: string, ids: readonly string[], aliases: readonly string[]): string {
  const words = Object.hasOwn(CALLED_OTHERWISE, name) ? CALLED_OTHERWISE[name] : undefined;
  if (words !== undefined) return `${name} is had at ${words[0]}: ${commandLine(["auth", "login", ...words])}`;
  const near = suggestionHint(name, [...ids, ...aliases, ...Object.keys(CALLED_OTHERWISE)]);
  return [
    ...(near === undefined ? [] : [near]),
    `The ${ids.length} that there are, those in the catalogue too: auth provider list`,
    `To describe one that isn't among them: ${commandLine(["auth", "provider", "new", isProviderId(name) ? name : "acme"])}`,
    `Where it speaks OpenID Connect, its issuer is enough: ${commandLine(["auth", "login", placeholder("issuer-url")])}`,
  ].join("\n");
}
