/** Two issuers at which the same client id is registered: what is printed for one of them never reaches the other. */
import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { json, serve } from "../issuers/server.ts";
import { errorOf } from "../support/logged-in.ts";
import { commandsIn, wordsOf } from "../support/printed-commands.ts";
import { auth, bareEnvironment, type Ended } from "../support/program.ts";

let lifetime = 3600;
const issuers = [start(), start()] as const;
afterAll(() => Promise.all(issuers.map((server) => server.stop())));

function start() {
  return serve((url) => ({
    "GET /.well-known/openid-configuration": () =>
      json({
        issuer: url,
        token_endpoint: `${url}/token`,
        grant_types_supported: ["client_credentials"],
        token_endpoint_auth_methods_supported: ["client_secret_basic"],
      }),
    "POST /token": () => json({ access_token: crypto.randomUUID(), token_type: "Bearer", expires_in: lifetime }),
  }));
}

let call: (args: readonly string[], stdin?: string) => Promise<Ended>;

beforeEach(async () => {
  lifetime = 3600;
  const env = bareEnvironment();
  call = (args, stdin = "") => auth(args, { env, stdin });
  for (const { url } of issuers) await logIn(url);
});

async function logIn(url: string): Promise<void> {
  const flags = ["--flow", "client-credentials", "--client-id", "cid", "--client-secret", "-", "--force"];
  expect(await call(["login", url, ...flags], "s3cretsecret")).toMatchObject({ code: 0 });
}

async function clients(): Promise<string[]> {
  const { stdout } = await call(["client", "list", "--json"]);
  return (JSON.parse(stdout) as { origin: string }[]).map(({ origin }) => origin).sort();
}

/** The one command that an error's hint prints, as words. */
function printed(ended: Ended): string[] {
  const [command] = commandsIn(String(errorOf(ended).hint));
  return wordsOf(command?.command ?? "");
}

describe("client remove", () => {
  test("refuses for a login at that issuer alone, and prints a command that forgets its client alone", async () => {
    const [first, second] = issuers;
    const refused = await call(["client", "remove", "oidc", "--issuer", second.url, "--client-id", "cid", "--json"]);
    expect(refused.code).toBe(64);
    expect(String(errorOf(refused).message)).toContain(new URL(second.url).port);
    expect(String(errorOf(refused).message)).not.toContain(new URL(first.url).port);
    expect(await call(printed(refused))).toMatchObject({ code: 0 });
    expect(await clients()).toEqual([new URL(first.url).origin]);
  });

  test("forgets the client of an issuer at which no login is left", async () => {
    const [first, second] = issuers;
    expect(await call(["logout", second.url])).toMatchObject({ code: 0 });
    await call(
      ["client", "set", "oidc", "--issuer", second.url, "--client-id", "cid", "--client-secret", "-"],
      "s3cret",
    );
    expect(await call(["client", "remove", "oidc", "--issuer", second.url])).toMatchObject({ code: 0 });
    expect(await clients()).toEqual([new URL(first.url).origin]);
  });
});

test("a refresh whose client is gone prints the whole command that sets it again", async () => {
  const [first] = issuers;
  lifetime = 1;
  await logIn(first.url);
  expect(await call(["client", "remove", "oidc", "--issuer", first.url, "--force"])).toMatchObject({ code: 0 });
  await Bun.sleep(1100);
  const refused = await call(["token", first.url, "--json"]);
  expect(errorOf(refused).code).toBe("client_missing");
  expect(await call(printed(refused), "s3cretsecret")).toMatchObject({ code: 0 });
  expect(await call(["token", first.url])).toMatchObject({ code: 0 });
});
