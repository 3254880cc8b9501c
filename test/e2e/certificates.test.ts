/**
 * The system's certificates are trusted beside the built-in ones: behind a company's authority, what works in curl and
 * git works here. Three kinds of refusal are three texts, each with what to do.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { CERTIFICATES } from "../platform/certificates.ts";
import { type Authority, makeAuthority } from "../support/authority.ts";
import { lacking } from "../support/needs.ts";
import { AUTH, auth, bareEnvironment, type Ended, run, tempFolder } from "../support/program.ts";

const SYSTEM = "/etc/ssl/certs/ca-certificates.crt";

let authority: Authority;
let issuer: string;
let requests = 0;
const stops: (() => unknown)[] = [];

beforeAll(async () => {
  authority = await makeAuthority();
  issuer = serve(await authority.issue("localhost"));
});
afterAll(async () => {
  for (const stop of stops) await stop();
});

/** An issuer that has reached its purpose when it was asked for its metadata over TLS. */
function serve(tls: { key: string; cert: string }): string {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls,
    fetch: () => {
      requests++;
      return new Response("no issuer", { status: 404 });
    },
  });
  stops.push(() => server.stop(true));
  return `https://localhost:${server.port}`;
}

const login = (url: string, env: Record<string, string> = {}): Promise<Ended> =>
  auth(["login", url, "--client-id", "x", "--no-browser"], { env });

describe("an authority that only the system knows", () => {
  test.skipIf(lacking("mounts"))("is trusted", async () => {
    const bundle = join(tempFolder(), "bundle.crt");
    await Bun.write(bundle, `${await Bun.file(SYSTEM).text()}\n${await Bun.file(authority.file).text()}`);
    const script = `mount --bind "$1" ${SYSTEM} && shift && exec "$@"`;
    const call = [AUTH, "login", issuer, "--client-id", "x", "--no-browser"];
    const { stderr } = await run(["unshare", "--mount", "sh", "-c", script, "sh", bundle, ...call]);
    expect(stderr).not.toContain("certificate");
    expect(requests).toBeGreaterThan(0);
  });

  test("is refused where the system doesn't know it, and the way to add it is named", async () => {
    const { code, stderr } = await login(issuer);
    expect(code).toBe(5);
    expect(stderr).toContain("certificate of an unknown authority");
    expect(stderr).toContain("SSL_CERT_FILE=");
    expect(stderr).not.toContain("Try again");
  });

  for (const variable of ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"])
    test(`is refused with the reason where ${variable} names a file that can't be read`, async () => {
      const { code, stderr } = await login(issuer, { [variable]: "/nonexistent/ca.pem" });
      expect(code).toBe(5);
      expect(stderr).toContain(`${variable} names /nonexistent/ca.pem, which can't be read`);
    });

  for (const variable of ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"])
    test(`can be named by ${variable}`, async () => {
      expect((await login(issuer, { [variable]: authority.file })).stderr).not.toContain("certificate");
    });
});

test("a certificate that has expired, and one for another name, say so", async () => {
  const trusted = { NODE_EXTRA_CA_CERTS: join(tempFolder(), "both.pem") };
  await Bun.write(trusted.NODE_EXTRA_CA_CERTS, `${CERTIFICATES.expired.cert}${CERTIFICATES.name.cert}`);
  const expired = await login(serve(CERTIFICATES.expired), trusted);
  expect(expired.stderr).toContain("certificate expired");
  expect(expired.stderr).toContain("clock");
  const other = await login(serve(CERTIFICATES.name), trusted);
  expect(other.stderr).toContain("certificate for another name");
});

test("doctor names the variables by which certificates are chosen", async () => {
  const env = bareEnvironment({ SSL_CERT_FILE: authority.file });
  const { stdout } = await auth(["doctor", "--offline"], { env });
  expect(stdout).toContain("SSL_CERT_FILE");
});
