/** Which of a connection's hosts a tool speaks to, where none is named: by what their names say that they serve. */

type Kind = "images" | "npm" | "other";

/** The first that fits counts. A host that fits none may serve anything. */
const KINDS: readonly (readonly [RegExp, Kind])[] = [
  [/^(npm|registry\.npmjs)\./, "npm"],
  [/^(registry|docker)\.|^quay\.io$|(^|[a-z.])cr\.io$|-docker\.pkg\.dev$/, "images"],
  // APIs, logins, and packages of other languages.
  [/^(api|accounts|login|oauth2|nuget|maven|rubygems|pypi)\./, "other"],
];

const SPEAKS: Readonly<Record<string, Kind>> = { docker: "images", podman: "images", pnpm: "npm" };

/**
 * @param origins of one connection: `https://ghcr.io`
 * @returns those of the tool's own kind; where there is none, those that may serve anything
 */
export function hostsFor(tool: string, origins: readonly string[]): string[] {
  const own = origins.filter((origin) => kindOf(origin) !== undefined && kindOf(origin) === SPEAKS[tool]);
  return own.length > 0 ? own : origins.filter((origin) => kindOf(origin) === undefined);
}

function kindOf(origin: string): Kind | undefined {
  const { hostname } = new URL(origin);
  return KINDS.find(([host]) => host.test(hostname))?.[1];
}
