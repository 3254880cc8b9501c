/**
 * Where requests go, whatever the environment and the provider say (RULES.md 3.2): never through a proxy to this
 * machine, never over a certificate that isn't trusted, never after a redirect, and never printed. Each promise
 * is tested beside a program without these safeguards, with which the same environment does harm.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { json } from "../issuers/server.ts";
import { CERTIFICATES } from "../platform/certificates.ts";
import { checkJson, expectComplaint } from "../support/complaint.ts";
import { type LoggedIn, loggedIn, PROVIDER } from "../support/logged-in.ts";
import { auth, type Ended, run, tempFolder } from "../support/program.ts";
import { type Recorder, startRecorder } from "../support/recorder.ts";
import { tryByBrowser } from "../support/visitor.ts";

const homes: LoggedIn[] = [];
const recorders: Recorder[] = [];
afterAll(async () => {
  for (const recorder of recorders) recorder.stop();
  await Promise.all(homes.map((home) => home.stop()));
});

async function home(...args: Parameters<typeof loggedIn>): Promise<LoggedIn> {
  const made = await loggedIn(...args);
  homes.push(made);
  return made;
}

function recorder(): Recorder {
  const made = startRecorder();
  recorders.push(made);
  return made;
}

/** What anyone writes who doesn't know better. */
function plainFetch(url: string, env: Readonly<Record<string, string>>): Promise<Ended> {
  const script = `const reply = await fetch(${JSON.stringify(url)}, { method: "POST", body: "secret=s3cret" }); console.log(reply.status);`;
  return run([process.execPath, "-e", script], { env });
}

function proxied(to: Recorder): Record<string, string> {
  const names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
  return Object.fromEntries(names.map((name) => [name, to.url]));
}

describe("with a proxy in the environment", () => {
  test("a plain fetch to this machine goes to the proxy, secret and all, so that the next test can fail", async () => {
    const proxy = recorder();
    const at = await home({}, null);
    await plainFetch(`${at.issuer.server.url}/oauth/token/`, proxied(proxy));
    expect(proxy.text()).toContain("secret=s3cret");
  });

  for (const [name, more] of Object.entries({
    "": {},
    ", with an empty NO_PROXY": { NO_PROXY: "", no_proxy: "" },
    ", with a NO_PROXY of others": { NO_PROXY: "example.com", no_proxy: "example.com" },
  }))
    test(`nothing that is said to this machine goes there${name}`, async () => {
      const proxy = recorder();
      const at = await home({}, null);
      const env = { ...proxied(proxy), ...more };
      for (const args of [
        ["login", PROVIDER, ...at.places, "--quiet"],
        ["refresh", PROVIDER, "--force"],
        ["token", PROVIDER],
        ["status", PROVIDER, "--check"],
        ["logout", PROVIDER],
      ]) {
        const { code, stderr } = await at.call(args, { env });
        expect({ args, code, stderr }).toEqual({ args, code: 0, stderr });
      }
      expect(at.issuer.server.callsTo("/oauth/token/").length).toBeGreaterThanOrEqual(2);
      expect(at.issuer.server.callsTo("/oauth/revoke/").length).toBeGreaterThanOrEqual(1);
      expect({ connections: proxy.connections(), text: proxy.text() }).toEqual({ connections: 0, text: "" });
    }, 60_000);

  test("a child gets the proxy's variables as they were", async () => {
    const at = await home();
    const env = { HTTP_PROXY: "http://127.0.0.1:9", NO_PROXY: "example.com" };
    const script = 'printf "%s %s" "$HTTP_PROXY" "$NO_PROXY"';
    const { stdout } = await at.call(["run", PROVIDER, "--", "sh", "-c", script], { env });
    expect(stdout).toBe("http://127.0.0.1:9 example.com");
  });

  test("what is said to others goes through it, encrypted: only the host's name is seen", async () => {
    const proxy = recorder();
    const places = ["authorization", "device", "token"].flatMap((name) => [
      "--endpoint",
      `${name}=https://issuer.invalid/${name}`,
    ]);
    const args = ["login", PROVIDER, "-f", "device", ...places, "--client-id", "my-client", "--client-secret", "-"];
    const env = proxied(proxy);
    await expectComplaint(
      args,
      { exit: 5, code: ["network", "provider_unavailable"] },
      { env, stdin: "s3cret-of-client" },
    );
    expect(proxy.text()).toContain("CONNECT issuer.invalid:443");
    expect(proxy.text()).not.toContain("my-client");
    expect(proxy.text()).not.toContain("s3cret");
  });
});

describe("with certificates switched off in the environment", () => {
  const env = { NODE_TLS_REJECT_UNAUTHORIZED: "0" };
  const calls: string[] = [];
  let server: ReturnType<typeof Bun.serve>;
  let url = "";
  let authority = "";
  beforeAll(() => {
    authority = join(tempFolder(), "ca.pem");
    writeFileSync(authority, CERTIFICATES.good.cert);
    server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      tls: { key: CERTIFICATES.good.key, cert: CERTIFICATES.good.cert },
      fetch: async (request) => {
        calls.push(`${new URL(request.url).pathname} ${await request.text()}`);
        return json({ device_code: "d", user_code: "u", verification_uri: `${url}/v`, expires_in: 60, interval: 1 });
      },
    });
    url = `https://localhost:${server.port}`;
  });
  afterAll(() => server.stop(true));

  const login = (): string[] => [
    ...["login", PROVIDER, "-f", "device", "--client-id", "x", "--timeout", "1"],
    ...["authorization", "device", "token"].flatMap((name) => ["--endpoint", `${name}=${url}/${name}`]),
  ];

  test("a plain fetch trusts anyone, so that the next test can fail", async () => {
    expect((await plainFetch(url, {})).code).not.toBe(0);
    expect((await plainFetch(url, env)).stdout).toBe("200\n");
  });

  test("a self-signed issuer is refused before anything is sent", async () => {
    calls.length = 0;
    await expectComplaint(login(), { exit: 5, code: "network", says: "certificate" }, { env });
    const discovery = ["login", url, "--client-id", "x"];
    await expectComplaint(discovery, { exit: 5, code: "network", says: "certificate" }, { env });
    expect(calls).toEqual([]);
  });

  test("an authority that the person names is trusted: it was the certificate that was refused", async () => {
    calls.length = 0;
    const ended = await auth([...login(), "--json"], { env: { NODE_EXTRA_CA_CERTS: authority } });
    checkJson(ended, { exit: ended.code ?? -1, code: ["login_timeout", "provider_unavailable"] });
    expect(ended.stdout).toContain('"device_code"');
    expect(calls[0]).toMatch(/^\/device .*client_id=x/);
  });
});

describe("a redirect is not followed", () => {
  const STATUSES = [301, 302, 303, 307, 308];

  test("a plain fetch follows it and sends the body along, so that the next tests can fail", async () => {
    const elsewhere = recorder();
    const at = await home({}, null);
    const headers = { location: `${elsewhere.url}/collect` };
    at.issuer.server.fail({ path: "/oauth/token/", reply: { status: 307, headers } });
    await plainFetch(`${at.issuer.server.url}/oauth/token/`, {});
    expect(elsewhere.text()).toContain("secret=s3cret");
  });

  test("from the token endpoint, at login and at refresh", async () => {
    const elsewhere = recorder();
    const at = await home();
    const complaint = { exit: 5, code: "provider_unavailable" };
    for (const status of STATUSES) {
      const reply = { status, headers: { location: `${elsewhere.url}/collect` } };
      at.issuer.server.fail({ path: "/oauth/token/", times: 2, reply });
      await expectComplaint(["refresh", PROVIDER, "--force"], complaint, {}, at.call);
      at.issuer.server.fail({ path: "/oauth/token/", reply });
      const login = ["login", `${PROVIDER}:other`, "-f", "browser", ...at.places];
      checkJson(await tryByBrowser(login, at.env), complaint);
    }
    expect(elsewhere.connections()).toBe(0);
  }, 60_000);

  test("from the device endpoint, discovery, the account and revocation", async () => {
    const elsewhere = recorder();
    const at = await home();
    const reply = { status: 307, headers: { location: `${elsewhere.url}/collect` } };
    const complaint = { exit: 5, code: "provider_unavailable" };
    at.issuer.server.fail({ path: "/oauth/device/code/", times: 2, reply });
    await expectComplaint(["login", `${PROVIDER}:other`, "-f", "device", ...at.places], complaint, {}, at.call);
    const issuer = at.issuer.server.url;
    for (const path of ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"])
      at.issuer.server.fail({ path, times: 2, reply });
    await expectComplaint(["login", issuer, "--client-id", "x"], complaint, {}, at.call);
    at.issuer.server.fail({ path: "/api/0/", times: 9, reply });
    await at.call(["status", PROVIDER, "--check"]);
    const pasted = ["login", `${PROVIDER}:pasted`, "--token", "-", ...at.places];
    await at.call(pasted, { stdin: "a-pasted-token-of-mine" });
    at.issuer.server.fail({ path: "/oauth/revoke/", times: 9, reply });
    expect((await at.call(["logout", PROVIDER])).code).toBe(0);
    for (const path of ["/oauth/device/code/", "/api/0/", "/oauth/revoke/"])
      expect({ path, faulted: at.issuer.server.callsTo(path).some(({ faulted }) => faulted) }).toEqual({
        path,
        faulted: true,
      });
    expect(elsewhere.connections()).toBe(0);
  }, 60_000);
});

describe("with Bun set to print every request", () => {
  for (const value of ["1", "true", "curl"])
    test(`BUN_CONFIG_VERBOSE_FETCH=${value} prints a plain fetch, and nothing of ours`, async () => {
      const env = { BUN_CONFIG_VERBOSE_FETCH: value };
      const at = await home({}, null);
      const plain = await plainFetch(`${at.issuer.server.url}/oauth/token/`, env);
      expect(plain.stderr + plain.stdout).toContain("/oauth/token/");
      const outputs: string[] = [];
      for (const args of [
        ["login", PROVIDER, ...at.places, "--quiet"],
        ["refresh", PROVIDER, "--force"],
        ["logout", PROVIDER],
      ]) {
        const { code, stdout, stderr } = await at.call(args, { env });
        expect({ args, code, stderr }).toEqual({ args, code: 0, stderr });
        outputs.push(stdout, stderr);
      }
      const secrets = at.issuer.server.calls.flatMap(({ form }) =>
        ["device_code", "refresh_token", "token"].flatMap((name) => form.get(name) ?? []),
      );
      expect(secrets.length).toBeGreaterThanOrEqual(3);
      for (const secret of secrets) expect(outputs.join("\n")).not.toContain(secret);
      expect(outputs.join("\n")).not.toMatch(/curl |> HTTP|\/oauth\/token\//);
    }, 60_000);
});
