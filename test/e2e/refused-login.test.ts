/** A login whose answer contradicts itself is refused late: nothing is stored, and what was issued is given back. */
import { afterEach, describe, expect, test } from "bun:test";
import { jwt } from "../oauth/support.ts";
import { errorOf } from "../support/logged-in.ts";
import { auth, bareEnvironment, type Ended } from "../support/program.ts";
import { tryByBrowser } from "../support/visitor.ts";

const running: { stop(): void }[] = [];
afterEach(() => {
  for (const one of running.splice(0)) one.stop();
});

interface Lying {
  readonly url: string;
  readonly revoked: string[];
}

/** An issuer that gives a code to everybody, and lies in its id_token or about the account. */
function lying(claims: Readonly<Record<string, unknown>>, userinfo: object): Lying {
  let nonce = "";
  const revoked: string[] = [];
  const server: Bun.Server<undefined> = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request): Promise<Response> {
      const { pathname, searchParams } = new URL(request.url);
      const now = Math.floor(Date.now() / 1000);
      switch (pathname) {
        case "/.well-known/openid-configuration":
          return Response.json({
            issuer: url,
            authorization_endpoint: `${url}/authorize`,
            token_endpoint: `${url}/token`,
            userinfo_endpoint: `${url}/me`,
            revocation_endpoint: `${url}/revoke`,
            id_token_signing_alg_values_supported: ["ES256"],
          });
        case "/authorize": {
          nonce = searchParams.get("nonce") ?? "";
          const back = new URL(searchParams.get("redirect_uri") ?? "");
          back.search = String(new URLSearchParams({ code: "c", state: searchParams.get("state") ?? "" }));
          return Response.redirect(back.href, 302);
        }
        case "/token": {
          const standard = { iss: url, sub: "alice", aud: "cli", iat: now, exp: now + 60, nonce };
          const id_token = jwt({ ...standard, ...claims });
          return Response.json({
            access_token: "at",
            refresh_token: "rt",
            token_type: "Bearer",
            expires_in: 60,
            id_token,
          });
        }
        case "/me":
          return Response.json(userinfo);
        case "/revoke":
          revoked.push(new URLSearchParams(await request.text()).get("token") ?? "");
          return new Response();
        default:
          return new Response("nothing here", { status: 404 });
      }
    },
  });
  running.push(server);
  const url: string = `http://127.0.0.1:${server.port}`;
  return { url, revoked };
}

async function login({ url }: Lying): Promise<Ended & { readonly stored: string; readonly page: string }> {
  const env = bareEnvironment();
  const ended = await tryByBrowser(["login", url, "--flow", "browser", "--client-id", "cli"], env);
  return { ...ended, stored: (await auth(["list", "--json"], { env })).stdout.trim() };
}

describe("an answer that contradicts itself", () => {
  for (const [what, claims, userinfo, code] of [
    ["an id_token for another client", { aud: "another" }, { sub: "alice" }, "provider_unavailable"],
    ["an id_token with an integer for its audience", { aud: 1 }, { sub: "alice" }, "provider_unavailable"],
    ["an expired id_token", { exp: 1 }, { sub: "alice" }, "provider_unavailable"],
    ["an account of another sub", {}, { sub: "mallory" }, "access_denied"],
  ] as const)
    test(`${what}: nothing is stored, both tokens are revoked, and the browser's page says that it failed`, async () => {
      const issuer = lying(claims, userinfo);
      const { code: exit, stderr, stored, page, ...rest } = await login(issuer);
      expect(page).toContain("The login to OpenID Connect failed");
      expect([exit === 0, stored]).toEqual([false, "[]"]);
      const last = { ...rest, code: exit, stderr: stderr.trim().split("\n").at(-1) ?? "" };
      expect(errorOf(last)).toMatchObject({
        code,
        hint: expect.stringMatching(/^Nothing was stored\. (Log in again|Check this machine's clock first)/),
      });
      expect(issuer.revoked.sort()).toEqual(["at", "rt"]);
    });

  test("one that agrees is stored", async () => {
    const issuer = lying({}, { sub: "alice" });
    const { code, stored, page } = await login(issuer);
    expect(page).toContain("As alice, at 127.0.0.1");
    expect([code, stored === "[]", issuer.revoked.length]).toEqual([0, false, 0]);
  });
});

/** An issuer that refuses everything, and says why. Registers clients, in vain. */
function refusing(words: string): string {
  const refusal = { error: "invalid_request", error_description: words };
  const server: Bun.Server<undefined> = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request): Response {
      const { pathname, searchParams } = new URL(request.url);
      if (pathname === "/.well-known/openid-configuration")
        return Response.json({
          issuer: url,
          authorization_endpoint: `${url}/authorize`,
          device_authorization_endpoint: `${url}/device`,
          token_endpoint: `${url}/token`,
          registration_endpoint: `${url}/register`,
          response_types_supported: ["code"],
        });
      if (pathname !== "/authorize") return Response.json(refusal, { status: 400 });
      const back = new URL(searchParams.get("redirect_uri") ?? "");
      back.search = String(new URLSearchParams({ ...refusal, state: searchParams.get("state") ?? "" }));
      return Response.redirect(back.href, 302);
    },
  });
  running.push(server);
  const url: string = `http://127.0.0.1:${server.port}`;
  return url;
}

describe("the provider's words for a refusal are the error's `detail`, and not in its message", () => {
  const words = `It was refused. ${"x ".repeat(200)}`;
  const shown = `${words.slice(0, 199)}…`;
  const client = ["--client-id", "cli"];

  for (const [what, args, stdin] of [
    ["of a client that registers", ["--flow", "device"]],
    ["of a device login", ["--flow", "device", ...client]],
    ["of a browser login", ["--flow", "browser", ...client]],
    ["of a login by client credentials", ["--flow", "client-credentials", ...client, "--client-secret", "-"], "secret"],
  ] as const)
    test(what, async () => {
      const command = ["login", refusing(words), ...args];
      const env = bareEnvironment();
      const ended =
        stdin === undefined ? await tryByBrowser(command, env) : await auth([...command, "--json"], { env, stdin });
      const { message, detail } = errorOf(ended);
      expect(detail).toBe(shown);
      expect(message).not.toContain("It was refused.");
      if ("page" in ended && ended.page !== "") expect(ended.page).toContain(`<blockquote>${shown}</blockquote>`);
      const entry = JSON.parse((await auth(["log", "--json"], { env })).stdout.trim().split("\n").at(-1) ?? "");
      expect(entry).toMatchObject({ event: "login", status: "failure", message, detail });
    });
});
