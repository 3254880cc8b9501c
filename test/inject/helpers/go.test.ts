/** `go help goauth`: https://pkg.go.dev/cmd/go#hdr-GOAUTH_environment_variable */
import { expect, test } from "bun:test";
import go from "../../../src/inject/helpers/go.ts";
import { Secret } from "../../../src/platform/secret.ts";
import { asked, callOf, credential, told } from "./support.ts";

test("before the first request it has nothing to say: no host is known yet", async () => {
  expect(await told(go, [], "")).toEqual({});
});

test("after a refusal, the headers for the whole host", async () => {
  const headers = async () => [
    { name: "Authorization", value: new Secret("Bearer t0ken") },
    { name: "X-Key", value: new Secret("k3y") },
  ];
  const refusal = "HTTP/1.1 401 Unauthorized\r\n\r\n";
  const reply = await told(go, ["https://proxy.example/mod/@v/list?x=1#y"], refusal, credential({ headers }));
  expect(reply.stdout).toBe(
    "https://proxy.example\nhttps://proxy.example/\n\nAuthorization: Bearer t0ken\nX-Key: k3y\n\n",
  );
});

test("the last word is go's where it is an address", () => {
  const own = (words: string[]) => (typeof go.ownWords === "function" ? go.ownWords(words) : go.ownWords);
  expect(own([])).toBe(0);
  expect(own(["gitlab:work"])).toBe(0);
  expect(own(["gitlab:work", "https://proxy.example"])).toBe(1);
});

test("another scheme or machine is refused, and none is no output", async () => {
  for (const url of ["http://proxy.example/", "https://a@proxy.example/", "https://proxy.example\\@evil.example/"])
    await expect(asked(go, [url], "")).rejects.toThrow();
  expect(go.none(callOf([], ""))).toEqual({});
});
