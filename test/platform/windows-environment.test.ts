import { expect, test } from "bun:test";
import { caseless, withoutDoubles } from "../../src/platform/windows/environment.ts";

test("a variable is found by any spelling, and listed by its own", () => {
  const env = caseless({ Path: "C:\\Windows", no_proxy: "x" });
  expect([env.PATH, env.path, env.Path, env.NO_PROXY, env.MISSING]).toEqual([
    ...["C:\\Windows", "C:\\Windows", "C:\\Windows"],
    "x",
    undefined,
  ]);
  expect(Object.keys(env)).toEqual(["Path", "no_proxy"]);
  expect({ ...env }).toEqual({ Path: "C:\\Windows", no_proxy: "x" });
  expect("PATH" in env).toBe(true);
});

test("it can be frozen, and read afterwards", () => {
  const env = Object.freeze(caseless({ Path: "x" }));
  expect([env.PATH, env.Path]).toEqual(["x", "x"]);
});

test("what our own rules look for is in capitals, however it was set", () => {
  expect(
    Object.keys(caseless({ auth_key: "1", Bun_Options: "2", node_tls_reject_unauthorized: "0", authors: "" })),
  ).toEqual(["AUTH_KEY", "BUN_OPTIONS", "NODE_TLS_REJECT_UNAUTHORIZED", "authors"]);
});

test("a name of an object's own is no variable", () => {
  expect(caseless({ a: "1" }).constructor).toBeUndefined();
});

test("of two spellings the later one counts", () => {
  expect(withoutDoubles({ x_key: "inherited", A: "1", X_KEY: "injected" })).toEqual({ A: "1", X_KEY: "injected" });
});
