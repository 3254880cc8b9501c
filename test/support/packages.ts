/** Registries of one package each, for the programs that get packages: they answer whoever has a token that lives. */
import { createTarGzip } from "nanotar";
import { zip } from "../../.ci/release/archive.ts";

/** As much of a module proxy (`go help goproxy`) as one version of one module needs. */
export function moduleProxy(module: string, version: string): (pathname: string) => Response {
  const goMod = `module ${module}\n`;
  const bytes = new TextEncoder().encode(goMod);
  return (pathname) => {
    switch (pathname) {
      case `/${module}/@v/${version}.info`:
        return Response.json({ Version: version });
      case `/${module}/@v/${version}.mod`:
        return new Response(goMod);
      case `/${module}/@v/${version}.zip`:
        return new Response(zip([{ path: `${module}@${version}/go.mod`, bytes, executable: false }], 1_790_000_000));
      default:
        return new Response("not here", { status: 404 });
    }
  };
}

/** As much of an npm registry as `@corp/thing` needs. */
export async function npmRegistry(): Promise<(request: Request) => Response> {
  const name = "@corp/thing";
  const version = "1.2.3";
  const data = JSON.stringify({ name, version });
  const tarball = new Uint8Array(await createTarGzip([{ name: "package/package.json", data }]));
  const integrity = `sha512-${new Bun.CryptoHasher("sha512").update(tarball).digest("base64")}`;
  return ({ url }) => {
    const { origin, pathname } = new URL(url);
    if (pathname === "/thing.tgz") return new Response(tarball);
    if (decodeURIComponent(pathname) !== `/${name}`) return Response.json({ error: "not here" }, { status: 404 });
    const dist = { tarball: `${origin}/thing.tgz`, integrity };
    const versions = { [version]: { name, version, dist } };
    return Response.json({ name, "dist-tags": { latest: version }, versions });
  };
}
