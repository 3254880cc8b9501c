/** Where plugins come from besides the disk: an npm package, fetched without npm, and an address. */
import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorOf } from "../support/logged-in.ts";
import { type Package, startPackageRegistry } from "../support/package-registry.ts";
import { manifest, type PluginHome, pluginHome } from "../support/plugin-home.ts";
import { tempFolder } from "../support/program.ts";

let it: PluginHome;
let registry: ReturnType<typeof startPackageRegistry>;
const stops: (() => Promise<void>)[] = [];

beforeEach(() => {
  it = pluginHome();
  registry = startPackageRegistry();
  stops.push(it.stop, registry.stop);
  npmrc(`registry=${registry.url}\n`);
});
afterEach(() => registry.stop());
afterAll(() => Promise.all(stops.map((stop) => stop())));

function npmrc(text: string): void {
  writeFileSync(join(it.env.HOME as string, ".npmrc"), text);
}

const PACKAGE_JSON = { name: "package/package.json", data: JSON.stringify({ name: "auth-provider-acme" }) };
const provider = () => ({ name: "package/provider.toml", data: manifest("https://acme.example") });

function add(source: string, options: Parameters<PluginHome["call"]>[1] = {}) {
  return it.call(["provider", "add", source, "--yes", "--json"], options);
}

describe("npm:<package>", () => {
  test("is fetched from the user's registry, checked, and added with its version as origin", async () => {
    await registry.publish("auth-provider-acme", { version: "1.2.3", files: [PACKAGE_JSON, provider()] });
    const ended = await add("npm:auth-provider-acme");
    expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
    expect(JSON.parse(ended.stdout)).toMatchObject({ provider: "acme", origin: "npm:auth-provider-acme@1.2.3" });
    const view = JSON.parse((await it.call(["provider", "show", "acme", "--json"])).stdout);
    expect(view).toMatchObject({ origin: "npm", source: "npm:auth-provider-acme@1.2.3", trust: "not needed" });
  });

  test("of a scope, of one version, with the file that its package.json names", async () => {
    npmrc(`@acme:registry=${registry.url}/\nregistry=http://127.0.0.1:1/\n`);
    const named = { name: "package/package.json", data: JSON.stringify({ authProvider: "./dist/acme.json" }) };
    const json = { name: "package/dist/acme.json", data: JSON.stringify({ id: "acme", title: "A", flows: ["token"] }) };
    await registry.publish("@acme/auth", {
      version: "2.0.0-rc.1",
      files: [named, json, { name: "package/README.md", data: "#" }],
    });
    expect((await add("npm:@acme/auth@2.0.0-rc.1")).code).toBe(0);
  });

  test("that is a module is called as the package is, and waits to be trusted", async () => {
    const module = {
      name: "package/provider.ts",
      data: `export default { id: "acme", title: "A", flows: ["token"] };`,
    };
    await registry.publish("auth-provider-acme", { files: [PACKAGE_JSON, module] });
    expect(JSON.parse((await add("npm:auth-provider-acme")).stdout)).toMatchObject({
      provider: "acme",
      trust: "untrusted",
    });
    expect((await it.call(["login", "acme"])).code).toBe(9);
  });

  test("attack: the current folder's .npmrc, and npm's own variables, have no say", async () => {
    await registry.publish("auth-provider-acme", { files: [PACKAGE_JSON, provider()] });
    const cwd = tempFolder();
    writeFileSync(join(cwd, ".npmrc"), "registry=http://127.0.0.1:1/\n");
    const env = { npm_config_registry: "http://127.0.0.1:1/", npm_config_userconfig: join(cwd, ".npmrc") };
    expect((await add("npm:auth-provider-acme", { cwd, env })).code).toBe(0);
  });

  test("attack: the registry's token goes to the registry alone", async () => {
    const elsewhere = startPackageRegistry();
    stops.push(elsewhere.stop);
    await elsewhere.publish("theirs", { files: [PACKAGE_JSON, provider()] });
    await registry.publish("theirs", {
      files: [PACKAGE_JSON, provider()],
      tarball: `${elsewhere.url}/-/theirs-1.0.0.tgz`,
    });
    await registry.publish("ours", { files: [PACKAGE_JSON, provider()] });
    npmrc(`registry=${registry.url}/\n//${new URL(registry.url).host}/:_authToken=\${NPM_TOKEN}\n`);
    const env = { NPM_TOKEN: "npm-secret" };
    // Two packages of the same bytes have the same hash.
    await add("npm:theirs", { env });
    expect(elsewhere.requests.map(({ authorization }) => authorization)).toEqual([null]);
    await add("npm:ours", { env });
    expect(registry.requests.every(({ authorization }) => authorization === "Bearer npm-secret")).toBe(true);
  });

  const WRONG: Readonly<Record<string, [made: Package, says: string]>> = {
    "a wrong integrity": [
      { files: [PACKAGE_JSON], integrity: `sha512-${"A".repeat(86)}==` },
      "isn't what its registry says",
    ],
    "no integrity": [{ files: [PACKAGE_JSON], integrity: null }, "no SHA-512"],
    "a weak integrity alone": [{ files: [PACKAGE_JSON], integrity: "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=" }, "no SHA-512"],
    "a path that leads out": [{ files: [{ name: "package/../../x", data: "x" }] }, "outside of itself"],
    "a link": [{ files: [PACKAGE_JSON, provider()], damage: withLink }, "holds a symbolicLink"],
    "a bomb": [
      { files: [{ name: "package/provider.toml", data: new Uint8Array(64 * 1024 * 1024) }] },
      "larger than any plugin",
    ],
    "no gzip at all": [{ files: [PACKAGE_JSON], damage: () => new TextEncoder().encode("hello") }, "is damaged"],
    "no plugin": [{ files: [PACKAGE_JSON] }, "holds no plugin"],
    "a plugin that is named, but isn't there": [
      { files: [{ name: "package/package.json", data: JSON.stringify({ authProvider: "../../../etc/passwd" }) }] },
      "holds no plugin",
    ],
    "a package.json that is none": [{ files: [{ name: "package/package.json", data: "{" }] }, "is not JSON"],
    "a tarball behind a redirect": [{ files: [PACKAGE_JSON], tarball: "MOVED" }, "redirects"],
    "a tarball over http": [{ files: [PACKAGE_JSON], tarball: "http://acme.example/x.tgz" }, "is http"],
    "a tarball that is a file": [{ files: [PACKAGE_JSON], tarball: "file:///etc/passwd" }, "is not an https URL"],
  };
  for (const [what, [made, says]] of Object.entries(WRONG))
    test(`attack: ${what} is refused, and nothing is added`, async () => {
      const tarball = made.tarball === "MOVED" ? { tarball: `${registry.url}/moved` } : {};
      await registry.publish("wrong", { ...made, ...tarball });
      const { code, exitCode, message } = errorOf(await add("npm:wrong"));
      expect({ code, exitCode, message }).toEqual({
        code: "plugin_invalid",
        exitCode: 9,
        message: expect.stringContaining(says),
      });
      expect((await it.call(["provider", "list", "--json"])).stdout).not.toContain('"npm:');
    });

  test("a package or version that doesn't exist, and an invalid name, are errors", async () => {
    expect(errorOf(await add("npm:nothing")).message).toContain("There is no package nothing");
    await registry.publish("acme", { files: [PACKAGE_JSON, provider()] });
    expect(errorOf(await add("npm:acme@9.9.9")).message).toContain("has no version 9.9.9");
    for (const name of ["npm:", "npm:../x", "npm:a/b", "npm:A B", "npm:@x"])
      expect(errorOf(await add(name))).toMatchObject({ code: "usage", exitCode: 64 });
  });

  test("a registry that can't be reached, or fails, is a temporary error", async () => {
    npmrc("registry=http://127.0.0.1:1/\n");
    expect(errorOf(await add("npm:acme"))).toMatchObject({ code: "network", exitCode: 5 });
    const broken = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("", { status: 503 }) });
    npmrc(`registry=${broken.url}\n`);
    expect(errorOf(await add("npm:acme"))).toMatchObject({ code: "provider_unavailable", exitCode: 5 });
    await broken.stop(true);
  });

  test("a configuration that can't be read stops it, since it says where packages come from", async () => {
    const config = join(tempFolder(), "npmrc");
    mkdirSync(config);
    expect(errorOf(await add("npm:acme", { env: { NPM_CONFIG_USERCONFIG: config } })).message).toContain(
      "can't be read",
    );
  });
});

describe("an address", () => {
  function answering(reply: () => Response): string {
    const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: reply });
    stops.push(() => server.stop(true));
    return `http://127.0.0.1:${server.port}`;
  }

  test("is fetched, and the query of its address is not kept", async () => {
    const url = answering(() => new Response(manifest("https://acme.example")));
    const ended = await add(`${url}/acme.toml?key=secret`);
    expect(JSON.parse(ended.stdout)).toMatchObject({ provider: "acme", origin: `${url}/acme.toml` });
    expect(JSON.stringify(ended)).not.toContain("secret");
  });

  const WRONG: Readonly<Record<string, [reply: () => Response, path: string, says: string]>> = {
    "a redirect": [() => Response.redirect("http://127.0.0.1:1/", 302), "/acme.toml", "redirects to another address"],
    "a page that isn't there": [() => new Response("", { status: 404 }), "/acme.toml", "There is no plugin"],
    "a page instead": [() => new Response("<html>"), "/acme.toml", "line 1"],
    "another ending": [() => new Response("x"), "/acme", ".toml, .json, .ts and .js"],
    "100 MB": [() => new Response(new Uint8Array(100_000_000)), "/acme.toml", "too large"],
  };
  for (const [what, [reply, path, says]] of Object.entries(WRONG))
    test(`${what} is refused`, async () => {
      const { code, message } = errorOf(await add(`${answering(reply)}${path}`));
      expect({ code, message }).toEqual({ code: "plugin_invalid", message: expect.stringContaining(says) });
    });

  test("over http is refused before anything is sent, but on this machine", async () => {
    expect(errorOf(await add("http://acme.example/acme.toml")).message).toContain("is http");
  });
});

/** Makes the last file's header say that it is a symbolic link. */
function withLink(tarball: Uint8Array): Uint8Array {
  const tar = Bun.gunzipSync(new Uint8Array(tarball));
  const at = new TextDecoder("latin1").decode(tar).indexOf("package/provider.toml");
  tar[at + 156] = "2".charCodeAt(0);
  return Bun.gzipSync(tar);
}
