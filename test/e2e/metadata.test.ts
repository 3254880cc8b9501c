/** An issuer's metadata against what a description guesses: it wins at the origins that the description names, and there alone. */
import { afterAll, expect, test } from "bun:test";
import { json, type Server, serve } from "../issuers/server.ts";
import { type PluginHome, pluginHome } from "../support/plugin-home.ts";

const stops: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(stops.map((stop) => stop())));

/** @param elsewhere where its metadata puts the token endpoint, if that isn't here */
function issuer(elsewhere: string | null = null): Server {
  const tokens = () => json({ access_token: crypto.randomUUID(), token_type: "Bearer", expires_in: 3600 });
  const server = serve((url) => ({
    "GET /.well-known/openid-configuration": () =>
      json({
        issuer: url,
        device_authorization_endpoint: `${url}/v2/device`,
        token_endpoint: `${elsewhere ?? url}/v2/token`,
      }),
    "POST /v2/device": () =>
      json({ device_code: "d", user_code: "WDJB", verification_uri: `${url}/activate`, expires_in: 60, interval: 1 }),
    "POST /v1/device": () => json({ error: "invalid_request" }, 400),
    "POST /v1/token": tokens,
    "POST /v2/token": tokens,
  }));
  stops.push(() => server.stop());
  return server;
}

function homeWith(at: string): PluginHome {
  const home = pluginHome();
  stops.push(() => home.stop());
  home.drop(
    "acme.toml",
    `id = "acme"\ntitle = "ACME"\nflows = ["device"]\nissuer = "${at}"\n
[endpoints]\ndevice = "${at}/v1/device"\ntoken = "${at}/v1/token"\n\n[client]\nkind = "public"\n`,
  );
  return home;
}

test("endpoints that the issuer names at the same origin take the place of those that were guessed", async () => {
  const server = issuer();
  const home = homeWith(server.url);
  expect((await home.call(["login", "acme", "--client-id", "cli"])).code).toBe(0);
  expect(server.callsTo("/v1/device").length + server.callsTo("/v1/token").length).toBe(0);
  expect(server.callsTo("/v2/token")).toHaveLength(1);
});

test("attack: metadata that puts the token endpoint at an origin which the description doesn't name leads nothing there", async () => {
  const foreign = issuer();
  const server = issuer(foreign.url);
  const home = homeWith(server.url);
  const { code, stderr } = await home.call(["login", "acme", "--client-id", "cli", "-v"]);
  expect(code).toBe(0);
  expect(foreign.calls).toEqual([]);
  expect(server.callsTo("/v1/token")).toHaveLength(1);
  expect(stderr).toContain(`names ${foreign.url}/v2/token as its token endpoint`);
});

test("an issuer that the person names is theirs to trust, wherever its endpoints are", async () => {
  const foreign = issuer();
  const server = issuer(foreign.url);
  const home = homeWith(server.url);
  const login = ["login", "acme", "--client-id", "cli", "--issuer", server.url];
  expect((await home.call(login)).code).toBe(0);
  expect(foreign.callsTo("/v2/token")).toHaveLength(1);
});
