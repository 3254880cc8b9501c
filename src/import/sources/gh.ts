/**
 * gh, GitHub's command line: `hosts.yml`, one token for each user of each host. Where the token is in the system's keychain
 * (since 2.24 by default) the file names the user alone, and gh itself prints it.
 *
 * https://github.com/cli/cli/blob/trunk/internal/config/config.go
 */
import { asObject, type Json, textAt } from "../../platform/json.ts";
import { configFolder, inFolder } from "../../platform/places.ts";
import { Secret } from "../../platform/secret.ts";
import { commandLine } from "../../platform/shell-word.ts";
import { hostFrom } from "../../platform/url.ts";
import type { ForeignFile } from "../file.ts";
import { unknownForm } from "../refused.ts";
import { type Found, type ImportSource, textPlaces } from "../source.ts";

/** Where one of these is set, gh prints its value instead. */
const VARIABLES = ["GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"];

export const gh: ImportSource = {
  id: "gh",
  title: "gh",
  otherNames: ["github", "github-cli"],
  places: (where) =>
    textPlaces(where, inFolder(where, "GH_CONFIG_DIR", configFolder(where, "gh", "GitHub CLI"), "hosts.yml"), readText),
};

function readText(file: ForeignFile): Found[] {
  return Object.entries(hostsOf(file)).flatMap(([name, value]) => {
    const host = hostFrom(name);
    const entry = asObject(value);
    if (host === null || entry === null) throw unknownForm(file.path, "gh", "a host has no settings");
    const active = textAt(entry, "user");
    const users = Object.keys(asObject(entry.users) ?? {});
    return (users.length > 0 ? users : [active]).flatMap((user) => foundFor(host, entry, user, active));
  });
}

function hostsOf({ path, text }: ForeignFile): Json {
  let parsed: unknown;
  try {
    parsed = Bun.YAML.parse(text);
  } catch {
    throw unknownForm(path, "gh", "it is no YAML");
  }
  if (parsed === null || parsed === undefined) return {};
  const hosts = asObject(parsed);
  if (hosts === null) throw unknownForm(path, "gh", "it has no hosts");
  return hosts;
}

function foundFor(host: string, entry: Json, user: string | null, active: string | null): Found[] {
  const own = user === null ? null : textAt(asObject(asObject(entry.users)?.[user]), "oauth_token");
  const token = own ?? (user === active ? textAt(entry, "oauth_token") : null);
  const common = {
    account: user,
    // Enterprise hosts have their own active user, and don't become the default.
    ...(user !== null && user === active && host === "github.com" ? { isChosen: true as const } : {}),
    target: {
      by: "provider",
      provider: "github",
      settings: { host },
      ...(host !== "github.com" && { place: host }),
    },
  } as const;
  if (token !== null) {
    const removal = { from: "text", edit: (text: string) => withoutToken(text, token) } as const;
    return [{ ...common, credential: { kind: "access token", accessToken: new Secret(token) }, removal }];
  }
  if (user === null) return [];
  const words = ["gh", "auth", "token", "--hostname", host];
  // `users` and `--user` both came with gh 2.40.
  const command = asObject(entry.users) === null ? words : [...words, "--user", user];
  const program = { command, without: VARIABLES };
  const removeBy = commandLine(["gh", "auth", "logout", "--hostname", host]);
  return [{ ...common, credential: { kind: "access token", program }, removeBy }];
}

/** Line by line, so that comments and order stay as they are. */
function withoutToken(text: string, token: string): string {
  const holds = (line: string): boolean => {
    const [written = ""] = (/^\s*oauth_token:\s(.*)$/.exec(line)?.[1] ?? "").split(/\s#/, 1);
    // Another token may begin with this one.
    return written.trim().replace(/^(["'])(.*)\1$/, "$2") === token;
  };
  return text
    .split("\n")
    .filter((line) => !holds(line))
    .join("\n");
}
