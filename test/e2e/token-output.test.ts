/** `token -o headers` and `-o credential`: the documents that programs read (CLI.md §4). */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startKeyed } from "../issuers/keyed.ts";
import { paste, succeeded } from "../support/home.ts";
import { auth, bareEnvironment, type Ended } from "../support/program.ts";

const issuer = startKeyed();
const env = bareEnvironment();
const key = `${issuer.clientId}:${issuer.secret}`;
const call = (...args: string[]): Promise<Ended> => auth(args, { env });
const documentOf = async (...args: string[]): Promise<Record<string, unknown>> =>
  JSON.parse((await succeeded(call(...args))).stdout);
afterAll(() => issuer.server.stop());

beforeAll(async () => {
  const folder = join(env.AUTH_HOME as string, "providers");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, "keyed.toml"), issuer.manifest(), { mode: 0o600 });
  const login = ["login", "keyed", "--client-id", issuer.clientId, "--api-key", "-"];
  await succeeded(auth(login, { env, stdin: issuer.secret }));
  await paste(env, "github", "pasted-token");
});

describe("token -o headers", () => {
  test("is one JSON object of the token's header and its companions", async () => {
    const token = (await call("token", "keyed")).stdout.trim();
    expect(await documentOf("token", "keyed", "-o", "headers")).toEqual({
      Authorization: `Bearer ${token}`,
      "x-api-key": key,
      "x-version": "3",
    });
  });

  test("has the header that the description declares", async () => {
    const login = ["login", "apikey:mine", "--token", "-", "--header", "X-Key: {token}"];
    await succeeded(auth(login, { env, stdin: "k-1" }));
    expect(await documentOf("token", "apikey:mine", "-o", "headers")).toEqual({ "X-Key": "k-1" });
  });

  test("fails with nothing on stdout, and its words on stderr", async () => {
    const { code, stdout, stderr } = await call("token", "github:gone", "-o", "headers");
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toStartWith("Error: ");
  });
});

describe("token -o credential", () => {
  test("has the token, its type, its end, its scope and its headers", async () => {
    const token = (await call("token", "keyed")).stdout.trim();
    const document = await documentOf("token", "keyed", "-o", "credential");
    expect(Object.keys(document)).toEqual([
      ...["version", "token", "token_type", "expires_at", "expires_in", "scope", "headers"],
    ]);
    expect(document).toMatchObject({
      version: 1,
      token,
      token_type: "Bearer",
      headers: { Authorization: `Bearer ${token}`, "x-api-key": key, "x-version": "3" },
    });
    const left = (Date.parse(document.expires_at as string) - Date.now()) / 1000;
    expect(Math.abs(left - (document.expires_in as number))).toBeLessThan(5);
    expect(document.expires_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  test("of a token that never ends: null, not a guess; no refresh token, whatever is asked", async () => {
    const document = await documentOf("token", "github", "-o", "credential", "--show-secret");
    expect(document).toMatchObject({ token: "pasted-token", expires_at: null, expires_in: null, scope: "" });
    expect(JSON.stringify(await documentOf("token", "keyed", "-o", "credential", "--show-secret"))).not.toContain(
      "rt_",
    );
  });
});
