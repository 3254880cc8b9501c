/**
 * Where a package comes from, by the user's own npm configuration. Neither that of the current folder counts, nor the
 * variables that npm sets for a package's scripts: a repository must not choose whose code is installed.
 */
import { parse } from "ini";
import type { Environment } from "../../../platform/context.ts";
import { withoutEnd } from "../../../platform/escape.ts";
import { addressFault } from "../../../platform/url.ts";

export interface PackageRegistry {
  /** Ends with a slash. */
  readonly url: string;
  /** For requests to it and nowhere else. */
  readonly authorization: string | null;
}

const DEFAULT = "https://registry.npmjs.org/";

export function npmrcPath(env: Environment): string | null {
  const home = env.HOME ?? env.USERPROFILE;
  return env.NPM_CONFIG_USERCONFIG ?? (home ? `${home}/.npmrc` : null);
}

/** @param text of the `.npmrc`; a registry that is neither https nor on this machine doesn't count */
export function registryFor(packageName: string, text: string, env: Environment): PackageRegistry {
  const settings = settingsIn(text, env);
  const scope = packageName.startsWith("@") ? packageName.slice(0, packageName.indexOf("/")) : null;
  const named = (scope === null ? undefined : settings.get(`${scope}:registry`)) ?? settings.get("registry");
  const url = named !== undefined && addressFault(named) === null ? `${withoutEnd(named, "/")}/` : DEFAULT;
  return { url, authorization: authorizationOf(settings, url) };
}

/** `//host/path/:_authToken`, for the longest path that the registry is under. */
function authorizationOf(settings: ReadonlyMap<string, string>, url: string): string | null {
  const { host, pathname } = new URL(url);
  const parts = pathname.split("/").filter((part) => part !== "");
  for (let n = parts.length; n >= 0; n--) {
    const place = `//${[host, ...parts.slice(0, n)].join("/")}/`;
    const token = settings.get(`${place}:_authToken`);
    if (token) return `Bearer ${token}`;
    const basic = settings.get(`${place}:_auth`);
    if (basic) return `Basic ${basic}`;
  }
  return null;
}

/** Read by npm's own parser, with `${VARIABLE}` in values replaced. */
function settingsIn(text: string, env: Environment): Map<string, string> {
  const filled = (value: unknown): string =>
    String(value).replace(/\$\{(\w+)\}/g, (_, name: string) => env[name] ?? "");
  return new Map(Object.entries(parse(text)).map(([name, value]) => [name, filled(value)]));
}
