/**
 * A registry of container images (https://github.com/opencontainers/distribution-spec) with token authentication
 * (https://distribution.github.io/distribution/spec/auth/token/): credentials bring a token of its own for one scope.
 */
import { json } from "../issuers/server.ts";
import { credentialsOf, type TokenHost } from "./token-host.ts";

const OCI = "application/vnd.oci.image";

export function createRegistry() {
  /** Digest → content, and `team/app:1` → a manifest's digest. */
  const blobs = new Map<string, Uint8Array<ArrayBuffer>>();
  const tags = new Map<string, string>();
  /** Who was let in, with which user name. */
  const seen: { readonly owner: string; readonly user: string | null; readonly scope: string | null }[] = [];
  const sessions = new Map<string, string>();

  function add(name: string, tag: string): void {
    const config = put(new TextEncoder().encode('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers"}}'));
    const layer = put(Bun.gzipSync(new Uint8Array(1024)));
    const part = (mediaType: string, digest: string) => ({ mediaType, digest, size: blobs.get(digest)?.length });
    const manifest = {
      schemaVersion: 2,
      mediaType: `${OCI}.manifest.v1+json`,
      config: part(`${OCI}.config.v1+json`, config),
      layers: [part(`${OCI}.layer.v1.tar+gzip`, layer)],
    };
    tags.set(`${name}:${tag}`, put(new TextEncoder().encode(JSON.stringify(manifest))));
  }

  function put(content: Uint8Array<ArrayBuffer>): string {
    const digest = `sha256:${Bun.SHA256.hash(content, "hex")}`;
    blobs.set(digest, content);
    return digest;
  }

  async function serve(request: Request, host: TokenHost): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/registry-token") {
      const given = credentialsOf(request);
      const owner = host.ownerOf(given?.token ?? null);
      if (given === null || owner === null) return json({ errors: [{ code: "UNAUTHORIZED" }] }, 401);
      seen.push({ owner, user: given.user, scope: searchParams.get("scope") });
      const token = crypto.randomUUID();
      sessions.set(token, owner);
      return json({ token, expires_in: 60 });
    }
    if (!sessions.has(request.headers.get("authorization")?.replace("Bearer ", "") ?? "")) {
      const challenge = `Bearer realm="${host.url}/registry-token",service="registry"`;
      return json({ errors: [{ code: "UNAUTHORIZED" }] }, 401, { "www-authenticate": challenge });
    }
    if (pathname === "/v2/") return json({});
    const [, name = "", kind = "", reference = ""] = /^\/v2\/(.+)\/(manifests|blobs)\/(.+)$/.exec(pathname) ?? [];
    const digest = reference.startsWith("sha256:") ? reference : tags.get(`${name}:${reference}`);
    const content = digest === undefined ? undefined : blobs.get(digest);
    if (digest === undefined || content === undefined) return json({ errors: [{ code: "NOT_FOUND" }] }, 404);
    const type = kind === "manifests" ? `${OCI}.manifest.v1+json` : "application/octet-stream";
    return new Response(content, { headers: { "content-type": type, "docker-content-digest": digest } });
  }

  return { add, serve, seen };
}
