/** https://github.com/EngFlow/credential-helper-spec */
import { expect, test } from "bun:test";
import bazel from "../../../src/inject/helpers/bazel.ts";
import { Secret } from "../../../src/platform/secret.ts";
import { asked, callOf, credential, told } from "./support.ts";

const uri = (text: string) => JSON.stringify({ uri: text });

test("answers with every header, each a list, and the end that it is told", async () => {
  const headers = async () => [
    { name: "Authorization", value: new Secret("Bearer t0ken") },
    { name: "X-Key", value: new Secret("k3y") },
  ];
  const given = credential({ headers, expiresAt: Date.UTC(2026, 0, 2, 3, 4, 5, 678) });
  const { stdout = "" } = await told(bazel, ["get"], uri("https://remote.example/a/b?c"), given);
  expect(JSON.parse(stdout)).toEqual({
    headers: { Authorization: ["Bearer t0ken"], "X-Key": ["k3y"] },
    expires: "2026-01-02T03:04:05Z",
  });
  expect(JSON.parse((await told(bazel, ["get"], uri("https://remote.example"))).stdout ?? "")).not.toContainKey(
    "expires",
  );
});

test("the origin is what counts of the uri", async () => {
  expect(await asked(bazel, ["get"], uri("https://remote.example:8443/a"))).toMatchObject({
    place: { origin: "https://remote.example:8443" },
  });
});

test("none is an empty object", () => {
  expect(bazel.none(callOf(["get"], ""))).toEqual({ stdout: "{}\n" });
});

test("what is no request is refused", async () => {
  const wrong = [
    "",
    "{",
    "null",
    "[]",
    "{}",
    '{"uri":1}',
    '{"__proto__":{"uri":"https://a.example"}}',
    uri("grpcs://a.example"),
  ];
  for (const text of [
    ...wrong,
    uri("http://a.example"),
    uri("https://b@a.example"),
    uri(`https://${"x".repeat(70_000)}/`),
  ])
    await expect(asked(bazel, ["get"], text)).rejects.toThrow();
  await expect(asked(bazel, ["store"], uri("https://a.example"))).rejects.toThrow("asked by get");
});
