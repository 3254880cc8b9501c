/** The `keyring` program, as uv (https://docs.astral.sh/uv/concepts/authentication/http/) and pip call it. */
import { describe, expect, test } from "bun:test";
import keyring from "../../../src/inject/helpers/keyring.ts";
import { asked, told } from "./support.ts";

const INDEX = "https://pypi.example/simple/";

test("get with a user name prints the password, and without one both", async () => {
  expect(await told(keyring, ["get", INDEX, "alice"], "")).toEqual({ stdout: "t0ken\n" });
  expect(await told(keyring, ["get", INDEX, "--mode", "creds"], "")).toEqual({ stdout: "oauth2\nt0ken\n" });
});

test("a service is an index's address, or its host", async () => {
  const services: Record<string, string> = {
    [INDEX]: "https://pypi.example",
    "pypi.example": "https://pypi.example",
    "pypi.example:8443": "https://pypi.example:8443",
    "127.0.0.1:8080": "http://127.0.0.1:8080",
    "http://127.0.0.1:8080/simple": "http://127.0.0.1:8080",
  };
  for (const [service, origin] of Object.entries(services))
    expect(await asked(keyring, ["get", service, "alice"], "")).toMatchObject({ place: { origin, user: "alice" } });
  expect(await asked(keyring, ["get", INDEX, "--mode", "creds"], "")).toMatchObject({ place: { user: null } });
});

test("none is an exit code alone: pip shows what is on stderr", () => {
  expect(keyring.none(null as never)).toEqual({ exitCode: 1 });
});

test("a connection may stand before keyring's own words", () => {
  const { ownWords } = keyring;
  if (typeof ownWords === "number") throw new Error("a number");
  expect(ownWords(["oidc:work", "get", INDEX, "alice"])).toBe(3);
  expect(ownWords(["get", INDEX, "--mode", "creds"])).toBe(4);
});

describe("what is no call of theirs is refused, and nothing of it is repeated", () => {
  const calls: Record<string, string[]> = {
    set: ["set", INDEX, "alice"],
    del: ["del", INDEX, "alice"],
    "another operation": ["evil"],
    nothing: [],
    "no service": ["get"],
    "no user name": ["get", INDEX],
    "another mode": ["get", INDEX, "--mode", "evil"],
    "http to another machine": ["get", "http://evil.example/simple", "alice"],
    "a user name in the address": ["get", "https://evil@pypi.example/", "alice"],
    "a line end": ["get", "https://evil.example/\r\n", "alice"],
    "a NUL": ["get", "evil\0.example", "alice"],
    "64 KiB": ["get", "evil".repeat(16_384), "alice"],
    "a file": ["get", "file:///evil", "alice"],
  };
  for (const [what, words] of Object.entries(calls))
    test(what, async () => {
      const error = await asked(keyring, words, "").catch((thrown: Error) => thrown);
      expect(error).toBeInstanceOf(Error);
      expect((error as Error).message).not.toContain("evil");
    });
});
