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

/** As much of a registry of crates, with a sparse index at /index/, as `some-crate` needs. */
export async function crateRegistry(origin: () => string): Promise<(pathname: string) => Response> {
  const name = "some-crate";
  const version = "1.2.3";
  const folder = `${name}-${version}`;
  const files = [
    { name: `${folder}/Cargo.toml`, data: `[package]\nname = "${name}"\nversion = "${version}"\nedition = "2021"\n` },
    { name: `${folder}/src/lib.rs`, data: "" },
  ];
  const crate = new Uint8Array(await createTarGzip(files));
  const cksum = new Bun.CryptoHasher("sha256").update(crate).digest("hex");
  return (pathname) => {
    switch (pathname) {
      case "/index/config.json":
        return Response.json({ dl: `${origin()}/dl`, api: origin(), "auth-required": true });
      case `/index/so/me/${name}`:
        return Response.json({ name, vers: version, deps: [], cksum, features: {}, yanked: false });
      case `/dl/${name}/${version}/download`:
        return new Response(crate);
      case "/api/v1/crates":
        return Response.json({ crates: [{ name, max_version: version }], meta: { total: 1 } });
      default:
        return new Response("", { status: 404 });
    }
  };
}
