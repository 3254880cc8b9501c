/** Clients that show a certificate when they connect (RFC 8705 §2), over real TLS: the issuer takes no one without. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Authority, makeAuthority } from "../support/authority.ts";
import { errorOf } from "../support/logged-in.ts";
import { auth, bareEnvironment, type Ended, tempFolder } from "../support/program.ts";

/** Of a token, in seconds. */
const LIFETIME = 1;

let authority: Authority;
let issuer: Bun.Server<undefined>;
const sent: Record<string, string>[] = [];

beforeAll(async () => {
  authority = await makeAuthority();
  const ca = await Bun.file(authority.file).text();
  const tls = { ...(await authority.issue("localhost")), ca, requestCert: true, rejectUnauthorized: true };
  issuer = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls,
    fetch: async (request) => {
      sent.push(Object.fromEntries(new URLSearchParams(await request.text())));
      return Response.json({ access_token: `token-${sent.length}`, token_type: "bearer", expires_in: LIFETIME });
    },
  });
});
afterAll(() => issuer.stop(true));

interface Home {
  readonly folder: string;
  /** A PEM file that the client owns, with these parts. */
  file(...parts: string[]): string;
  call(args: readonly string[], stdin?: string): Promise<Ended>;
}

/** With the description of a provider that knows its clients by their certificates. */
async function home(): Promise<Home> {
  const folder = tempFolder();
  const env = bareEnvironment({ SSL_CERT_FILE: authority.file });
  const call: Home["call"] = (args, stdin) => auth(args, { env, ...(stdin !== undefined && { stdin }) });
  const file: Home["file"] = (...parts) => {
    const path = join(folder, `${crypto.randomUUID()}.pem`);
    writeFileSync(path, parts.join(""));
    chmodSync(path, 0o600);
    return path;
  };
  const manifest = join(folder, "acme.json");
  writeFileSync(
    manifest,
    JSON.stringify({
      id: "acme",
      title: "Acme",
      endpoints: { token: `https://localhost:${issuer.port}/token` },
      client: { kind: "confidential", methods: ["tls_client_auth"] },
      minting: { "client-credentials": { use: "assertion", account: "{clientId}" } },
      flows: ["client-credentials"],
    }),
  );
  expect(await call(["provider", "add", manifest, "--yes"])).toMatchObject({ code: 0 });
  return { folder, file, call };
}

describe("a client with a certificate", () => {
  test("login and a new token over a connection that shows it; a second login needs no file, and no secret is sent", async () => {
    const { file, call } = await home();
    const { key, cert } = await authority.issue("client");
    const flags = ["--client-id", "app", "--certificate", file(key, cert)];
    const before = sent.length;
    expect(await call(["login", "acme", ...flags])).toMatchObject({ code: 0 });
    await Bun.sleep(LIFETIME * 1000 + 100);
    expect((await call(["token", "acme"])).stdout).toBe(`token-${before + 2}\n`);
    expect(await call(["login", "acme", "--client-id", "app", "--force"])).toMatchObject({ code: 0 });
    expect(sent.slice(before)).toEqual(Array(3).fill({ grant_type: "client_credentials", client_id: "app" }));
  });

  test("without one the login says what to bring, and nothing is sent", async () => {
    const { call } = await home();
    const before = sent.length;
    const ended = await call(["login", "acme", "--client-id", "app", "--json"]);
    expect(errorOf(ended)).toMatchObject({ code: "client_missing", hint: expect.stringContaining("--certificate") });
    expect(sent.length).toBe(before);
  });

  test("one that the issuer's authority didn't sign gets no token", async () => {
    const { file, call } = await home();
    const { key, cert } = await (await makeAuthority()).issue("client");
    const ended = await call(["login", "acme", "--client-id", "app", "--certificate", file(key, cert), "--json"]);
    expect([ended.code, errorOf(ended).code]).toEqual([5, "network"]);
  });

  test("a file with another key, without a key, or without a certificate is refused before anything is sent", async () => {
    const { file, call } = await home();
    const [one, other] = [await authority.issue("client"), await authority.issue("client")];
    const before = sent.length;
    for (const [parts, says] of [
      [[one.key, other.cert], "a certificate of another key"],
      [[one.cert], "no private key"],
      [[one.key], "no certificate"],
    ] as const) {
      const ended = await call(["login", "acme", "--client-id", "app", "--certificate", file(...parts), "--json"]);
      expect(errorOf(ended)).toMatchObject({ code: "token_rejected", message: expect.stringContaining(says) });
    }
    expect(sent.length).toBe(before);
  });

  test("together with a secret: exit 64", async () => {
    const { file, call } = await home();
    const { key, cert } = await authority.issue("client");
    const flags = ["--client-id", "app", "--certificate", file(key, cert), "--client-secret", "-"];
    expect((await call(["login", "acme", ...flags], "s3cret\n")).code).toBe(64);
  });
});
