/** cargo's protocol: https://doc.rust-lang.org/cargo/reference/credential-provider-protocol.html */
import { describe, expect, test } from "bun:test";
import cargo from "../../../src/inject/helpers/cargo.ts";
import { Secret } from "../../../src/platform/secret.ts";
import { asked, callOf, credential, told } from "./support.ts";

const PLUGIN = ["--cargo-plugin"];
const request = (index: string, more: object = {}) =>
  `${JSON.stringify({ v: 1, kind: "get", operation: "read", registry: { "index-url": index, name: "corp" }, args: [], ...more })}\n`;

describe("as a provider", () => {
  test("it says first which version it speaks, and goes on until there is no more", async () => {
    const call = callOf(PLUGIN, "");
    expect(cargo.greeting?.(call)).toBe('{"v":[1]}\n');
    expect(cargo.converses?.(call)).toBe(true);
    expect(await cargo.ask(call)).toBeNull();
  });

  test("answers with the whole value of the header and how long it may be kept", async () => {
    const given = credential({ expiresAt: 1_700_000_000_500 });
    const { stdout = "" } = await told(cargo, PLUGIN, request("sparse+https://cargo.example/index/"), given);
    expect(JSON.parse(stdout)).toEqual({
      Ok: {
        kind: "get",
        token: "Bearer t0ken",
        cache: "expires",
        expiration: 1_700_000_000,
        operation_independent: true,
      },
    });
    const unknown = await told(cargo, PLUGIN, request("sparse+https://cargo.example/index/"));
    expect(JSON.parse(unknown.stdout ?? "")).toMatchObject({ Ok: { cache: "session" } });
  });

  test("what is configured after its name comes in the request: a connection, and flags of ours", async () => {
    const args = ["--min-ttl", "60", "gitlab:work", 7];
    expect(await asked(cargo, PLUGIN, request("https://cargo.example/", { args }))).toMatchObject({
      configured: ["--min-ttl", "60", "gitlab:work"],
    });
  });

  test("crates.io is meant by its old index or its new one, and only under its own name", async () => {
    const ask = (index: string, name: string) =>
      asked(cargo, PLUGIN, request(index, { registry: { "index-url": index, name } }));
    const old = "https://github.com/rust-lang/crates.io-index";
    for (const index of [old, "sparse+https://index.crates.io/"])
      expect(await ask(index, "crates-io")).toMatchObject({ place: { origin: "https://crates.io" } });
    expect(await ask(old, "mine")).toMatchObject({ place: { origin: "https://github.com" } });
    expect(await ask("https://evil.example/rust-lang", "crates-io")).toMatchObject({
      place: { origin: "https://evil.example" },
    });
  });

  test("what it can't do falls through to the next provider", async () => {
    const refused = async (text: string) => JSON.parse((await told(cargo, PLUGIN, text)).stdout ?? "");
    const index = "sparse+https://cargo.example/";
    for (const kind of ["login", "logout", "later"])
      expect(await refused(request(index, { kind }))).toEqual({ Err: { kind: "operation-not-supported" } });
    expect(await refused(request("ssh://git@cargo.example/i"))).toEqual({ Err: { kind: "url-not-supported" } });
    expect(JSON.parse(cargo.none(callOf(PLUGIN, "")).stdout ?? "")).toEqual({ Err: { kind: "url-not-supported" } });
    expect(JSON.parse(cargo.failure("auth: no", callOf(PLUGIN, "")).stdout ?? "")).toEqual({
      Err: { kind: "other", message: "auth: no" },
    });
  });

  test("what is no request is refused", async () => {
    const wrong = [
      "{\n",
      "null\n",
      "[]\n",
      "{}\n",
      request("http://cargo.example/"),
      request("https://a@cargo.example/"),
    ];
    for (const text of wrong.filter((one) => one !== "{}\n"))
      await expect(asked(cargo, PLUGIN, text)).rejects.toThrow();
    await expect(asked(cargo, PLUGIN, '{"kind":"get"}\n')).rejects.toThrow("names no registry");
  });

  test("a token that goes in another header can't be cargo's", async () => {
    const headers = async () => [{ name: "X-Api-Key", value: new Secret("k3y") }];
    await expect(told(cargo, PLUGIN, request("https://cargo.example/"), credential({ headers }))).rejects.toThrow(
      "another header",
    );
  });
});

describe("by token-from-stdout", () => {
  const env = { CARGO_REGISTRY_INDEX_URL: "sparse+https://cargo.example/index/", CARGO_REGISTRY_NAME_OPT: "corp" };

  test("prints the value, once", async () => {
    const call = callOf([], "", env);
    expect(cargo.converses?.(call)).toBe(false);
    expect(cargo.greeting?.(call)).toBeNull();
    expect(await told(cargo, [], "", credential(), env)).toEqual({ stdout: "Bearer t0ken\n" });
  });

  test("none, and a failure, are an exit code and a line", async () => {
    const call = callOf([], "", env);
    expect(cargo.none(call)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("no connection") });
    expect(cargo.failure("auth: no", call)).toEqual({ exitCode: 1, stderr: "auth: no" });
    await expect(asked(cargo, [], "")).rejects.toThrow("CARGO_REGISTRY_INDEX_URL");
  });
});
