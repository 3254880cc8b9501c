/** The registry of a package, and its credentials, by the user's `.npmrc`. */
import { expect, test } from "bun:test";
import { registryFor } from "../../src/providers/plugins/sources/npmrc.ts";

const REGISTRY = "https://npm.example/team/";

test.each([
  ["a bearer token", "//npm.example/:_authToken=abc", "Bearer abc"],
  ["a token in quotes", '//npm.example/:_authToken="abc"', "Bearer abc"],
  ["a token in a variable", `//npm.example/:_authToken=\${NPM_TOKEN}`, "Bearer from-env"],
  ["a token with a comment behind it", "//npm.example/:_authToken=abc ; of the team", "Bearer abc"],
  ["a name and a password", "//npm.example/:_auth=dXNlcjpwYXNz", "Basic dXNlcjpwYXNz"],
  ["the longest path", "//npm.example/:_authToken=short\n//npm.example/team/:_authToken=long", "Bearer long"],
  ["another host's token", "//other.example/:_authToken=abc", null],
  ["a commented-out token", "# //npm.example/:_authToken=abc", null],
])("%s", (_, line, authorization) => {
  const text = `registry=${REGISTRY}\n${line}\n`;
  expect(registryFor("acme", text, { NPM_TOKEN: "from-env" })).toEqual({ url: REGISTRY, authorization });
});

test("a scope has its own registry", () => {
  const text = `registry=https://npm.example/\n@acme:registry=${REGISTRY}\n`;
  expect(registryFor("@acme/plugin", text, {}).url).toBe(REGISTRY);
  expect(registryFor("plugin", text, {}).url).toBe("https://npm.example/");
});

test("a registry over plain http doesn't count", () => {
  expect(registryFor("acme", "registry=http://npm.example/\n", {}).url).toBe("https://registry.npmjs.org/");
});
