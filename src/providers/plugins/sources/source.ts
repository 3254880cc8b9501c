/** Where `auth provider add` finds a plugin: in a file, at an https URL, in an npm package. */
import type { Context } from "../../../platform/context.ts";
import { AuthError } from "../../../platform/errors.ts";
import type { Http, HttpReply } from "../../../platform/http.ts";
import { HttpError } from "../../../platform/http-failure.ts";
import { LIMITS } from "../../../platform/limits.ts";
import { addressFault } from "../../../platform/url.ts";
import { type PluginFile, pluginFile, readPluginFile } from "../file.ts";

export interface FoundPlugin {
  readonly file: PluginFile;
  /** A module's name before it was run. */
  readonly id: string;
  /** `npm:acme@1.2.3` */
  readonly origin: string;
}

/** @throws AuthError `usage`, `plugin_invalid`, `network`, `provider_unavailable` */
export async function findPlugin(context: Context, source: string): Promise<FoundPlugin> {
  if (/^npm:/i.test(source)) return (await import("./npm.ts")).fromNpm(context, source);
  if (/^https?:\/\//i.test(source)) return fromUrl(context, source);
  return { file: await readPluginFile(source), id: nameOf(source), origin: "file" };
}

async function fromUrl({ http }: Context, url: string): Promise<FoundPlugin> {
  const { body } = await fetchFile(http, url, { what: "plugin", maxBytes: LIMITS.pluginBytes });
  const { origin, pathname } = new URL(url);
  // The query may hold a person's key: it is neither shown nor kept.
  const place = `${origin}${pathname}`;
  return { file: pluginFile(place, body), id: nameOf(pathname), origin: place };
}

/** `a/b/acme.toml` → `acme`. */
function nameOf(path: string): string {
  return (path.split(/[\\/]/).at(-1) ?? "").replace(/\.[A-Za-z]+$/, "");
}

/**
 * A file over https, without redirects, up to a size.
 * @param what for messages: `the plugin`
 * @throws AuthError `plugin_invalid` for an address that isn't https, a redirect or too much; `network`, `provider_unavailable`
 */
export async function fetchFile(
  http: Http,
  url: string,
  { what, maxBytes, headers = {} }: { what: string; maxBytes: number; headers?: Readonly<Record<string, string>> },
): Promise<HttpReply> {
  const fault = addressFault(url);
  if (fault !== null) throw unfitPlugin(`The address of ${what} ${fault}.`, "Give an https URL.");
  const reply = await http({ method: "GET", url, headers, maxBytes, retry: true }).catch((error: unknown) => {
    throw error instanceof HttpError ? notFetched(error, what, url) : error;
  });
  if (reply.status === 200) return reply;
  if (reply.status === 404 || reply.status === 410)
    throw unfitPlugin(`There is no ${what} at ${url}.`, "Check the name.");
  if (reply.status === 401 || reply.status === 403)
    throw unfitPlugin(
      `${new URL(url).host} doesn't give out ${what}: HTTP ${reply.status}.`,
      "Check what you may read there.",
    );
  throw new AuthError("provider_unavailable", `${new URL(url).host} answered HTTP ${reply.status} for ${what}.`, {
    hint: "Try again later. Nothing was added.",
  });
}

function notFetched(error: HttpError, what: string, url: string): AuthError {
  if (error.failure === "redirected")
    return unfitPlugin(
      `${url} redirects to another address.`,
      "Give the address that it redirects to, if you trust it.",
    );
  if (error.failure === "reply too large")
    return unfitPlugin(`${what} at ${url} is too large.`, "A plugin is one small file.");
  return new AuthError("network", `${what} can't be fetched: ${error.message}.`, {
    hint: `${error.remedy} Nothing was added.`,
    cause: error,
  });
}

function unfitPlugin(message: string, hint: string): AuthError {
  return new AuthError("plugin_invalid", message, { hint });
}
