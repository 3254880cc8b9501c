/**
 * One origin that has both an issuer and what its tokens open: a git server, a registry, an API. Logins are made there
 * without a person (RFC 6749 §4.4), each by a client that is called as its connection.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { json } from "../issuers/server.ts";
import { CERTIFICATES } from "../platform/certificates.ts";
import { auth, bareEnvironment, type Ended, type RunOptions, tempFolder } from "./program.ts";

export interface TokenHost {
  readonly url: string;
  /** Seconds that a token lives from here on. */
  lifetime: number;
  /** Milliseconds that the issuer takes for a token. */
  delay: number;
  /** Every token that was issued, in order, with the connection's name. */
  readonly issued: { readonly name: string; readonly token: string; until: number }[];
  /** Whose token it is, where it is still good. */
  ownerOf(token: string | null): string | null;
  /** Every request to what isn't the issuer. */
  readonly requests: Request[];
  readonly env: Record<string, string>;
  /** Runs `auth`. */
  call(args: readonly string[], options?: RunOptions): Promise<Ended>;
  logIn(name: string): Promise<void>;
  stop(): Promise<void>;
}

/**
 * @param serve answers whatever isn't asked of the issuer
 * @param options `tls`: https, by a certificate that `env` names; `beside`: the host in whose home its logins are made
 */
export function startTokenHost(
  serve: (request: Request, host: TokenHost) => Response | Promise<Response>,
  { tls = false, beside }: { readonly tls?: boolean; readonly beside?: TokenHost } = {},
): TokenHost {
  const issued: TokenHost["issued"] = [];
  const requests: Request[] = [];
  const env = beside?.env ?? bareEnvironment();
  if (tls) env.SSL_CERT_FILE ??= certificateFile();

  async function answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    // A login by a URL asks first whether an MCP server is there.
    if (request.headers.has("mcp-method") || pathname.startsWith("/.well-known/oauth-protected-resource"))
      return new Response("", { status: 404 });
    switch (pathname) {
      case "/.well-known/openid-configuration":
        return json({
          issuer: host.url,
          token_endpoint: `${host.url}/token`,
          grant_types_supported: ["client_credentials"],
          token_endpoint_auth_methods_supported: ["client_secret_post"],
        });
      case "/token": {
        const name = new URLSearchParams(await request.text()).get("client_id") ?? "";
        // As random as a real one: it must not be a word that is in other texts too.
        const token = `tok_${name}_${crypto.randomUUID().replaceAll("-", "")}`;
        await Bun.sleep(host.delay);
        issued.push({ name, token, until: Date.now() + host.lifetime * 1000 });
        return json({ access_token: token, token_type: "Bearer", expires_in: host.lifetime });
      }
      default:
        requests.push(request);
        return serve(request, host);
    }
  }

  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 60,
    ...(tls && { tls: CERTIFICATES.good }),
    fetch: answer,
  });
  const host: TokenHost = {
    url: tls ? `https://localhost:${server.port}` : `http://127.0.0.1:${server.port}`,
    lifetime: 3600,
    delay: 0,
    issued,
    requests,
    env,
    ownerOf: (given) => issued.find(({ token, until }) => token === given && Date.now() < until)?.name ?? null,
    call: (args, { env: more, ...rest } = {}) => auth(args, { ...rest, env: { ...env, ...more } }),
    async logIn(name) {
      const flags = ["--flow", "client-credentials", "--client-id", name, "--client-secret", "-", "--force", "--quiet"];
      const { code, stderr } = await host.call(["login", host.url, "-p", name, ...flags], {
        stdin: "s3cret-of-a-client",
      });
      if (code !== 0) throw new Error(stderr);
    },
    stop: () => server.stop(true),
  };
  return host;
}

function certificateFile(): string {
  const file = join(tempFolder(), "ca.pem");
  writeFileSync(file, CERTIFICATES.good.cert);
  return file;
}

/** The token in a request's header: a bearer token, or the password of Basic credentials with its user name. */
export function credentialsOf(request: Request): { readonly user: string | null; readonly token: string } | null {
  const [scheme = "", value = ""] = (request.headers.get("authorization") ?? "").split(" ");
  if (/^bearer$/i.test(scheme)) return { user: null, token: value };
  if (!/^basic$/i.test(scheme)) return null;
  const [user = "", token = ""] = atob(value).split(/:(.*)/s);
  return { user, token };
}
