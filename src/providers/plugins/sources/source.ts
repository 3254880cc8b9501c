/** What `auth provider add` is told: a file, an https URL, an npm package. */
import type { Context } from "../../../platform/context.ts";
import { LIMITS } from "../../../platform/limits.ts";
import { pluginFile, readPluginFile } from "../file.ts";
import { fetchFile } from "./fetch.ts";
import type { FoundPlugin } from "./npm.ts";

/** @throws AuthError `usage`, `plugin_invalid`, `network`, `provider_unavailable` */
export async function findPlugin(context: Context, source: string): Promise<FoundPlugin> {
  if (/^npm:/i.test(source)) return (await import("./npm.ts")).fromNpm(context, source);
  if (/^https?:\/\//i.test(source)) return fromUrl(context, source);
  return { file: await readPluginFile(source), id: nameOf(source), origin: "file" };
}

async function fromUrl({ http }: Context, url: string): Promise<FoundPlugin> {
  const { body } = await fetchFile(http, url, { what: "plugin", maxBytes: LIMITS.pluginBytes });
  const { origin, pathname } = new URL(url);
  // What stands behind the path may be a key of the person's own: it is neither shown nor kept.
  const place = `${origin}${pathname}`;
  return { file: pluginFile(place, body), id: nameOf(pathname), origin: place };
}

/** `a/b/acme.toml` → `acme`. */
function nameOf(path: string): string {
  return (path.split(/[\\/]/).at(-1) ?? "").replace(/\.[A-Za-z]+$/, "");
}
