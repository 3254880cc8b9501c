/** `npm:<package>[@<version>]`: the plugin in an npm package, fetched without npm and without running anything. */
import * as v from "valibot";
import type { Context } from "../../../platform/context.ts";
import { AuthError, errorCode, usage } from "../../../platform/errors.ts";
import { ownValue, parseJson } from "../../../platform/json.ts";
import { LIMITS } from "../../../platform/limits.ts";
import { isSameOrigin } from "../../../platform/url.ts";
import { pluginFile } from "../file.ts";
import { kindOf } from "../place.ts";
import { npmrcPath, type PackageRegistry, registryFor } from "./npmrc.ts";
import { type FoundPlugin, fetchFile } from "./source.ts";
import { filesOf } from "./tarball.ts";

const SPEC = /^npm:((?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*)(?:@([A-Za-z0-9][A-Za-z0-9.+_-]*))?$/;

const Version = v.object({ dist: v.object({ tarball: v.string(), integrity: v.optional(v.string()) }) });
const Packument = v.object({
  "dist-tags": v.optional(v.record(v.string(), v.string()), {}),
  versions: v.record(v.string(), v.unknown()),
});
const Manifest = v.object({ authProvider: v.optional(v.string()) });

/** @throws AuthError `usage`, `plugin_invalid`, `network`, `provider_unavailable` */
export async function fromNpm(context: Context, spec: string): Promise<FoundPlugin> {
  const [, name = "", wanted = "latest"] = SPEC.exec(spec) ?? [];
  if (name === "") throw usage(`'${spec}' is no package.`, "It is npm:<name>, or npm:<name>@<version>.");
  const registry = registryFor(name, await npmrc(context), context.env);
  const { version, tarball, integrity } = await resolved(context, registry, name, wanted);
  const bytes = await download(context, registry, tarball);
  requireIntegrity(bytes, integrity, `${name}@${version}`);
  const files = await filesOf(bytes, `${name}@${version}`);
  const path = pluginIn(files, `${name}@${version}`);
  const file = pluginFile(`npm:${name}@${version}/${path}`, files.get(path) as Uint8Array);
  return { file, id: name.replace(/^.*\//, "").replace(/^auth-provider-/, ""), origin: `npm:${name}@${version}` };
}

async function npmrc({ env }: Context): Promise<string> {
  const path = npmrcPath(env);
  if (path === null) return "";
  try {
    return await Bun.file(path).text();
  } catch (error) {
    if (errorCode(error) === "ENOENT") return "";
    throw new AuthError("plugin_invalid", `${path} can't be read: ${errorCode(error)}.`, {
      hint: "It says which registry packages come from, so without it nothing is fetched.",
      cause: error,
    });
  }
}

async function resolved(
  { http }: Context,
  registry: PackageRegistry,
  name: string,
  wanted: string,
): Promise<{ version: string; tarball: string; integrity: string | undefined }> {
  const { body } = await fetchFile(http, `${registry.url}${name.replace("/", "%2f")}`, {
    what: `package ${name}`,
    maxBytes: LIMITS.packageBytes,
    headers: { accept: "application/vnd.npm.install-v1+json", ...authorized(registry) },
  });
  const document = parsed(Packument, body, `The registry's answer about ${name}`);
  const version = Object.hasOwn(document.versions, wanted) ? wanted : document["dist-tags"][wanted];
  if (version === undefined)
    throw new AuthError("plugin_invalid", `The package ${name} has no version ${wanted}.`, {
      hint: `Give a whole version (npm:${name}@1.2.3) or a tag; there are: ${Object.keys(document["dist-tags"]).join(", ")}.`,
    });
  const { dist } = checked(
    Version,
    ownValue(document.versions, version),
    `The registry's answer about ${name}@${version}`,
  );
  return { version, ...dist, integrity: dist.integrity };
}

/** The registry's credentials are sent nowhere else. */
async function download({ http }: Context, registry: PackageRegistry, url: string): Promise<Uint8Array> {
  const own = isSameOrigin(url, registry.url);
  const headers = own ? authorized(registry) : {};
  return (await fetchFile(http, url, { what: "package's file", maxBytes: LIMITS.packageBytes, headers })).body;
}

function authorized({ authorization }: PackageRegistry): Record<string, string> {
  return authorization === null ? {} : { authorization };
}

/** Subresource Integrity: the strongest hash of those given must be that of the bytes. */
function requireIntegrity(bytes: Uint8Array, integrity: string | undefined, name: string): void {
  const wanted = (integrity ?? "").split(/\s+/).filter((one) => one.startsWith("sha512-"));
  const found = `sha512-${new Bun.CryptoHasher("sha512").update(bytes).digest("base64")}`;
  if (wanted.includes(found)) return;
  throw new AuthError(
    "plugin_invalid",
    wanted.length === 0
      ? `The registry gives no SHA-512 of ${name}, so it can't be checked.`
      : `${name} isn't what its registry says: its SHA-512 is another.`,
    { hint: "Nothing was added." },
  );
}

const USUAL = ["provider.toml", "provider.json", "provider.ts", "provider.js"];

/** The file that `authProvider` in package.json names, else the one with the usual name. */
function pluginIn(files: ReadonlyMap<string, Uint8Array>, name: string): string {
  const manifest = files.get("package.json");
  const named = manifest === undefined ? undefined : parsed(Manifest, manifest, `package.json of ${name}`).authProvider;
  const path = named?.replace(/^\.\//, "") ?? USUAL.find((usual) => files.has(usual));
  if (path !== undefined && files.has(path) && kindOf(path) !== null) return path;
  throw new AuthError("plugin_invalid", `The package ${name} holds no plugin.`, {
    hint: `Its package.json names one as "authProvider", or it holds one of ${USUAL.join(", ")}.`,
  });
}

function parsed<T extends v.GenericSchema>(schema: T, bytes: Uint8Array, what: string): v.InferOutput<T> {
  const value = parseJson(new TextDecoder().decode(bytes));
  if (value === undefined)
    throw new AuthError("plugin_invalid", `${what} is not JSON.`, { hint: "Nothing was added." });
  return checked(schema, value, what);
}

function checked<T extends v.GenericSchema>(schema: T, value: unknown, what: string): v.InferOutput<T> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const at = v.getDotPath(result.issues[0]);
  throw new AuthError("plugin_invalid", `${what} can't be understood${at === null ? "" : ` at '${at}'`}.`, {
    hint: "Nothing was added.",
  });
}
