import { describe, expect, test } from "bun:test";
import { environmentToken, settingsFromEnvironment } from "../../src/providers/environment.ts";
import { resolveProvider } from "../../src/providers/resolve.ts";
import { definitionOf, definitions } from "./builtin.ts";
import { thrownBy } from "./thrown.ts";

const github = definitionOf("github");
const sentry = definitionOf("sentry");

function found(id: string, env: Record<string, string>) {
  const token = environmentToken(definitionOf(id), env);
  return token === null ? null : { variable: token.variable, token: token.token.reveal(), host: token.settings.host };
}

describe("a token in the environment", () => {
  test("is the first one set, in the order that the provider declares", () => {
    const env = { SENTRY_TOKEN: "second", SENTRY_AUTH_TOKEN: "first" };
    expect(found("sentry", env)).toEqual({ variable: "SENTRY_AUTH_TOKEN", token: "first", host: "sentry.io" });
    expect(found("github", { GITHUB_TOKEN: "b", GH_TOKEN: "a" })?.variable).toBe("GH_TOKEN");
    expect(found("google", { GOOGLE_OAUTH_ACCESS_TOKEN: "b", CLOUDSDK_AUTH_ACCESS_TOKEN: "a" })?.token).toBe("a");
  });

  test("is unset where it is empty, and trimmed", () => {
    expect(found("sentry", { SENTRY_AUTH_TOKEN: "  ", SENTRY_TOKEN: " x\n" })).toMatchObject({
      variable: "SENTRY_TOKEN",
      token: "x",
    });
    expect(found("sentry", { SENTRY_AUTH_TOKEN: "" })).toBeNull();
    expect(found("sentry", {})).toBeNull();
  });

  test("belongs to the host that its variables name", () => {
    expect(found("sentry", { SENTRY_AUTH_TOKEN: "x", SENTRY_URL: "https://s.example/" })?.host).toBe("s.example");
    expect(
      found("sentry", { SENTRY_AUTH_TOKEN: "x", SENTRY_URL: "https://b.example", SENTRY_HOST: "a.example" })?.host,
    ).toBe("a.example");
  });

  test("attack: a token for github.com is not taken for one of the server that GH_HOST names", () => {
    expect(found("github", { GITHUB_TOKEN: "x", GH_HOST: "git.example.com" })).toBeNull();
    expect(found("github", { GH_ENTERPRISE_TOKEN: "x" })).toBeNull();
    expect(found("github", { GH_ENTERPRISE_TOKEN: "x", GH_HOST: "git.example.com" })).toEqual({
      variable: "GH_ENTERPRISE_TOKEN",
      token: "x",
      host: "git.example.com",
    });
    expect(found("github", { GITHUB_TOKEN: "x", GH_HOST: "acme.ghe.com" })?.host).toBe("acme.ghe.com");
  });

  test("with a malformed host is refused, naming the variable; without a token the host doesn't matter", () => {
    const error = thrownBy(() => environmentToken(github, { GH_TOKEN: "x", GH_HOST: "git.example.com/evil" }));
    expect(error).toMatchObject({ code: "usage" });
    expect(error.message).toStartWith("GH_HOST ");
    expect(environmentToken(github, { GH_HOST: "git.example.com/evil" })).toBeNull();
  });

  test("never shows itself", () => {
    expect(JSON.stringify(environmentToken(sentry, { SENTRY_TOKEN: "s3cret" }))).not.toContain("s3cret");
  });
});

test("settings come with the variable that said so", () => {
  expect(settingsFromEnvironment(sentry, { SENTRY_URL: "https://S.example:9000/" })).toEqual({
    host: { variable: "SENTRY_URL", value: "s.example:9000" },
  });
  expect(
    settingsFromEnvironment(definitionOf("entra"), { AZURE_TENANT_ID: "contoso.example", AZURE_AUTHORITY_HOST: "" }),
  ).toEqual({
    tenant: { variable: "AZURE_TENANT_ID", value: "contoso.example" },
  });
});

test("what a provider writes for its default host, it reads again as the same token for the same host", () => {
  for (const definition of definitions) {
    // Those that want a setting write one variable of ours.
    if (Object.values(definition.settings ?? {}).some(({ required }) => required)) continue;
    const resolved = resolveProvider(definition, {});
    const [read] = resolved.environment.read;
    if (read === undefined) continue;
    const env = Object.fromEntries(
      Object.entries(resolved.environment.write).map(([k, v]) => [k, v.replace("{token}", "tok")]),
    );
    const token = environmentToken(definition, env);
    expect(token?.variable).toBe(read);
    expect(token?.settings).toEqual(resolved.settings);
  }
});

test("the same holds for a server of one's own", () => {
  for (const definition of [github, sentry]) {
    const resolved = resolveProvider(definition, { host: "own.example:8443" });
    const env = Object.fromEntries(
      Object.entries(resolved.environment.write).map(([k, v]) => [k, v.replace("{token}", "tok")]),
    );
    expect(environmentToken(definition, env)?.settings.host).toBe("own.example:8443");
  }
});
