/** A preset's name stands for scopes: a login asks for them, and keeps them. */
import { describe, expect, test } from "bun:test";
import { parseDefinition } from "../../src/providers/parse.ts";
import { playLogin } from "./login-support.ts";

const TOKEN = "https://acme.example/token";
const MANIFEST = {
  id: "acme",
  title: "Acme",
  endpoints: { authorization: "https://acme.example/authorize", token: TOKEN },
  scopes: {
    default: ["read"],
    offline: "offline",
    presets: { ads: ["read", "ads.all"], mail: ["mail.read", "offline"] },
  },
  flows: ["browser"],
};
const acme = parseDefinition(MANIFEST, "acme.toml");
const ANSWERS = { [TOKEN]: [200, { access_token: "at-1", refresh_token: "rt-1", expires_in: 3600 }] } as const;

async function kept(scopes: readonly string[] | null, moreScopes?: readonly string[]) {
  const { error, stored } = await playLogin(acme, ANSWERS, { scopes, ...(moreScopes && { moreScopes }) });
  expect(error).toBeNull();
  return stored?.record.scopes;
}

test("its scopes are asked for in its place, each once, beside others", async () => {
  expect(await kept(["ads", "write", "mail"])).toEqual(["read", "ads.all", "write", "mail.read", "offline"]);
});

test("scopes besides the default may be named by a preset, too", async () => {
  expect(await kept(null, ["ads"])).toEqual(["read", "offline", "ads.all"]);
});

test("another name is a scope as it is, also one that every object has", async () => {
  expect(await kept(["toString", "Ads"])).toEqual(["toString", "Ads"]);
});

describe("a description is refused", () => {
  const broken: Readonly<Record<string, readonly [scopes: object, reason: RegExp]>> = {
    "with a preset that is a default scope": [
      { default: ["ads"], presets: { ads: ["x"] } },
      /presets\.ads.*scope, too/,
    ],
    "with a preset that is the offline scope": [
      { offline: "off", presets: { off: ["x"] } },
      /presets\.off.*scope, too/,
    ],
    "with a preset of presets": [{ presets: { a: ["b"], b: ["x"] } }, /presets\.a has the preset b/],
    "with a preset without scopes": [{ presets: { a: [] } }, /scopes\.presets\.a/],
    "with a preset whose name could be a scope's address": [{ presets: { "a/b": ["x"] } }, /lower-case letters/],
    "with a text for a list": [{ presets: { a: "x" } }, /scopes\.presets\.a/],
  };
  for (const [what, [scopes, reason]] of Object.entries(broken))
    test(what, () => {
      expect(() => parseDefinition({ ...MANIFEST, scopes }, "acme.toml")).toThrow(reason);
    });
});
