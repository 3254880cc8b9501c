import { expect, test } from "bun:test";
import { chooseFlow, scopesBeyond } from "../../src/providers/flows.ts";
import { definitionOf } from "./builtin.ts";

const all = { secret: true, browser: true, scopes: [] };
const none = { secret: false, browser: false, scopes: [] };
const choice = (id: string, at: typeof all | { secret: boolean; browser: boolean; scopes: string[] }) =>
  chooseFlow(definitionOf(id), at);

test("where a browser can be opened and the provider has that flow for this client, it comes before a device code", () => {
  expect(choice("sentry", { ...none, browser: true })).toBe("browser");
  expect(choice("github", all)).toBe("browser");
  expect(choice("github", { ...all, secret: false })).toBe("device");
  for (const at of [none, { ...none, secret: true }])
    for (const id of ["github", "sentry"]) expect(choice(id, at)).toBe("device");
});

test("google, entra and oidc take the browser, and a device where none can open", () => {
  for (const id of ["google", "entra", "oidc"]) {
    expect(choice(id, all)).toBe("browser");
    expect(choice(id, none)).toBe("device");
  }
});

test("google's device flow is not chosen for scopes that it can't ask for", () => {
  const scopes = ["openid", "https://www.googleapis.com/auth/cloud-platform"];
  expect(choice("google", { ...none, scopes })).toBe("browser");
  expect(scopesBeyond(definitionOf("google"), "device", scopes)).toEqual([scopes[1] ?? ""]);
  expect(scopesBeyond(definitionOf("google"), "browser", scopes)).toEqual([]);
});

test("pasting a token is chosen only where there is nothing else", () => {
  expect(choice("apikey", all)).toBe("token");
});
