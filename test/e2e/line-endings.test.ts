/** One line ending is no part of a secret; a space may be (RFC 6749 A.2). The vault's passphrase: test/vault/sources. */
import { afterAll, describe, expect, test } from "bun:test";
import { type LoggedIn, loggedIn, PROVIDER } from "../support/logged-in.ts";

const homes: LoggedIn[] = [];
afterAll(() => Promise.all(homes.map((home) => home.stop())));

/** What the issuer got as the client's secret, by each way that a secret comes in. */
const INPUTS: Readonly<Record<string, (at: LoggedIn, id: string, secret: string) => Promise<unknown>>> = {
  "login --client-secret -": (at, id, secret) =>
    at.call([...login(at), "--client-id", id, "--client-secret", "-"], { stdin: secret }),
  AUTH_SENTRY_CLIENT_SECRET: (at, id, secret) =>
    at.call(login(at), { env: { AUTH_SENTRY_CLIENT_ID: id, AUTH_SENTRY_CLIENT_SECRET: secret } }),
};

const login = (at: LoggedIn): string[] => ["login", PROVIDER, ...at.places, "--flow", "device"];

describe("a client's secret is sent with its spaces, and without the line ending", () => {
  for (const [input, logIn] of Object.entries(INPUTS))
    for (const [form, sent] of [
      ["a-secret", "a-secret"],
      ["a-secret\n", "a-secret"],
      ["a-secret\r\n", "a-secret"],
      [" a secret \n", " a secret "],
    ] as const)
      test.concurrent(`${input}: ${JSON.stringify(form)}`, async () => {
        const at = await loggedIn({}, null);
        homes.push(at);
        await logIn(at, at.issuer.confidentialClient.id, form);
        const calls = at.issuer.server.callsTo("/oauth/token/");
        expect(calls.map(({ form: fields, basic }) => basic?.secret ?? fields.get("client_secret"))).toEqual([sent]);
      });
});
