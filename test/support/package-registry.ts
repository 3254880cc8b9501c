/** An npm registry with packages of our own making, right ones and wrong ones. */
import { createTarGzip, type TarFileInput } from "nanotar";

export interface Package {
  readonly files: readonly TarFileInput[];
  readonly version?: string;
  /** Instead of the real one; null: the registry gives none. */
  readonly integrity?: string | null;
  /** Instead of this registry's own. */
  readonly tarball?: string;
  /** Changes the tarball's bytes before they are hashed. */
  readonly damage?: (tarball: Uint8Array) => Uint8Array;
}

export interface PackageRegistry {
  readonly url: string;
  readonly requests: { readonly path: string; readonly authorization: string | null }[];
  publish(name: string, made: Package): Promise<void>;
  stop(): Promise<void>;
}

export function startPackageRegistry(): PackageRegistry {
  const documents = new Map<string, unknown>();
  const tarballs = new Map<string, Uint8Array<ArrayBuffer>>();
  const requests: { path: string; authorization: string | null }[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => {
      const { pathname } = new URL(request.url);
      requests.push({ path: pathname, authorization: request.headers.get("authorization") });
      if (pathname === "/moved") return Response.redirect("http://127.0.0.1:1/elsewhere", 302);
      const tarball = tarballs.get(pathname);
      if (tarball !== undefined) return new Response(tarball);
      const document = documents.get(decodeURIComponent(pathname.slice(1)));
      return document === undefined ? new Response("not found", { status: 404 }) : Response.json(document);
    },
  });
  const url = `http://127.0.0.1:${server.port}`;

  async function publish(name: string, made: Package): Promise<void> {
    const { version = "1.0.0", files, damage = (it: Uint8Array) => it } = made;
    const bytes = new Uint8Array(damage(await createTarGzip([...files])));
    const path = `/-/${name.replace("/", "-")}-${version}.tgz`;
    tarballs.set(path, bytes);
    const integrity =
      made.integrity === undefined
        ? `sha512-${new Bun.CryptoHasher("sha512").update(bytes).digest("base64")}`
        : made.integrity;
    documents.set(name, {
      name,
      "dist-tags": { latest: version },
      versions: {
        [version]: { dist: { tarball: made.tarball ?? `${url}${path}`, ...(integrity !== null && { integrity }) } },
      },
    });
  }

  return { url, requests, publish, stop: () => server.stop(true) };
}
