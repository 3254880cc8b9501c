/** A client that auth registered (RFC 7591) and that the issuer forgot, or whose secret ended: the next login has another. */
import { afterAll, expect, test } from "bun:test";
import { loginByBrowser } from "../support/browser-login.ts";
import { errorOf } from "../support/logged-in.ts";
import { auth, bareEnvironment, type Ended } from "../support/program.ts";

const servers: { stop(): Promise<void> }[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

interface Issuer {
  readonly url: string;
  /** The ids of its clients, in their order; a forgotten one is none of them any more. */
  readonly registered: string[];
  /** As whom tokens were asked for. */
  readonly asked: string[];
  forget(id: string): void;
}

/** @param expiresAt of the nth client's secret, seconds since the epoch; null: its clients are public */
function start(expiresAt: ((n: number) => number) | null): Issuer {
  const registered: string[] = [];
  const known = new Set<string>();
  const asked: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const { pathname, searchParams, origin } = new URL(request.url);
      switch (pathname) {
        case "/.well-known/openid-configuration":
          return Response.json({
            issuer: origin,
            authorization_endpoint: `${origin}/authorize`,
            token_endpoint: `${origin}/token`,
            registration_endpoint: `${origin}/register`,
            jwks_uri: `${origin}/jwks`,
            response_types_supported: ["code"],
            scopes_supported: ["read"],
          });
        case "/register": {
          const id = `client-${registered.push(`client-${registered.length + 1}`)}`;
          known.add(id);
          const secret = { client_secret: `secret-of-${id}`, token_endpoint_auth_method: "client_secret_post" };
          const end = expiresAt?.(registered.length);
          return Response.json(
            { client_id: id, ...(end !== undefined && { ...secret, client_secret_expires_at: end }) },
            { status: 201 },
          );
        }
        case "/authorize": {
          const back = new URL(searchParams.get("redirect_uri") ?? "");
          back.search = String(new URLSearchParams({ code: "c", state: searchParams.get("state") ?? "" }));
          return Response.redirect(back.href);
        }
        case "/token": {
          const form = new URLSearchParams(await request.text());
          const id = form.get("client_id") ?? "";
          asked.push(id);
          if (!known.has(id)) return Response.json({ error: "invalid_client" }, { status: 401 });
          const n = asked.length;
          return Response.json({
            access_token: `a-${n}`,
            token_type: "Bearer",
            expires_in: 3600,
            refresh_token: `r-${n}`,
          });
        }
        default:
          return new Response("", { status: 404 });
      }
    },
  });
  servers.push({ stop: () => server.stop(true) });
  return { url: `http://127.0.0.1:${server.port}`, registered, asked, forget: (id) => known.delete(id) };
}

function home(issuer: Issuer) {
  const env = bareEnvironment();
  const flags = ["--issuer", issuer.url, "--flow", "browser", "--scope", "read", "--json"];
  return {
    env,
    call: (...args: string[]): Promise<Ended> => auth(args, { env }),
    login: (as: string, ...more: string[]) => loginByBrowser(["login", as, ...flags, ...more], env),
    clientId: async (as: string) => (await auth(["get", as, "-f", "clientId"], { env })).stdout.trim(),
  };
}

test("a client that its issuer forgot: a refresh says to log in, and that registers another, and says so in one line", async () => {
  const issuer = start(null);
  const { call, login, clientId, env } = home(issuer);
  await login("oidc:a");
  await login("oidc:b");
  issuer.forget("client-1");
  const refresh = await call("refresh", "oidc:a", "--force", "--json");
  expect([refresh.code, errorOf(refresh).code]).toEqual([6, "client_rejected"]);
  expect(errorOf(refresh).hint).toBe(
    "The client that was registered there is no longer accepted.\nLog in again, which registers another: auth login oidc:a",
  );
  const flags = ["--flow", "browser", "--timeout", "1"];
  const told = (await auth(["login", "oidc:a", ...flags], { env })).stderr;
  expect(told).toContain(
    `${issuer.url} no longer accepts the client that was registered there: this login registered another.`,
  );
  await login("oidc:a");
  expect(await clientId("oidc:a")).toBe("client-2");
  expect((await call("refresh", "oidc:a", "--force")).code).toBe(0);
  // The other login of the dead client finds the way out too, and needs no third client.
  expect((await call("refresh", "oidc:b", "--force")).code).toBe(6);
  await login("oidc:b");
  expect([await clientId("oidc:b"), issuer.registered.length]).toEqual(["client-2", 2]);
});

test("a client that its issuer forgot, and a login is refused for: the next login registers another, also after a logout", async () => {
  const issuer = start(null);
  const { call, login, clientId } = home(issuer);
  await login("oidc:a");
  expect((await call("logout", "oidc:a", "--yes")).code).toBe(0);
  issuer.forget("client-1");
  const failed = await login("oidc:a").catch((error: unknown) => String(error));
  expect(failed).toContain("exit 6");
  expect(failed).toContain(
    "That client was registered by an earlier login. Log in again, which registers another: auth login oidc:a ",
  );
  await login("oidc:a");
  expect(await clientId("oidc:a")).toBe("client-2");
});

test("a client whose secret has ended: the next login registers another before a browser opens", async () => {
  const ends = Math.floor(Date.now() / 1000) + 3;
  const issuer = start((n) => (n === 1 ? ends : 0));
  const { call, login, clientId } = home(issuer);
  await login("oidc:a");
  await Bun.sleep(ends * 1000 - Date.now() + 100);
  issuer.forget("client-1");
  const refresh = await call("refresh", "oidc:a", "--force", "--json");
  expect(errorOf(refresh).hint).toBe(
    "The client that was registered there has expired.\nLog in again, which registers another: auth login oidc:a",
  );
  await login("oidc:a");
  expect(await clientId("oidc:a")).toBe("client-2");
  expect(issuer.asked).toEqual(["client-1", "client-1", "client-2"]);
});

test("a client that the issuer's page doesn't know: the time-out names the command that forgets it, and that works", async () => {
  const issuer = start(null);
  const { call, login, clientId, env } = home(issuer);
  await login("oidc:a");
  const late = await auth(["login", "oidc:a", "--flow", "browser", "--timeout", "1", "--json", "--force"], { env });
  const forget = "auth client remove oidc --client-id client-1 --force";
  expect([late.code, errorOf(late).hint]).toEqual([7, expect.stringContaining(forget)]);
  expect((await call(...forget.split(" ").slice(1))).code).toBe(0);
  await login("oidc:a", "--force");
  expect(await clientId("oidc:a")).toBe("client-2");
});

test("a client that a person names is used, whatever became of it", async () => {
  const issuer = start(null);
  const { login } = home(issuer);
  await login("oidc:a");
  issuer.forget("client-1");
  for (let times = 0; times < 2; times++)
    expect(await login("oidc:b", "--client-id", "client-1").catch((error: unknown) => String(error))).toContain(
      "exit 6",
    );
  expect(issuer.asked).toEqual(["client-1", "client-1", "client-1"]);
});
