/** A refresh for one API that is cut off: its reply is taken in by the next call, for any API. */
import { afterAll, expect, test } from "bun:test";

import { startEntra } from "../issuers/entra.ts";
import type { Server } from "../issuers/server.ts";
import { bareEnvironment, type Ended, run } from "../support/program.ts";
import { TEST_BUILD } from "./proof-home.ts";

const VAULT = "https://vault.azure.net";
const STORAGE = "https://storage.azure.com";

const servers: Server[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

/** A login whose refresh for one API was killed once its reply was on the disk. */
async function cutOff() {
  const issuer = startEntra({ approve: true, interval: 1 });
  servers.push(issuer.server);
  const env = bareEnvironment({ AUTH_ENTRA_CLIENT_ID: issuer.publicClient.id });
  const call = (args: readonly string[], fault?: string): Promise<Ended> =>
    run([TEST_BUILD, ...args], { env: { ...env, AUTH_TEST_FAULT: fault } });
  const places = Object.entries(issuer.endpoints).flatMap(([name, url]) => ["--endpoint", `${name}=${url}`]);
  expect((await call(["login", "entra", "--flow", "device", ...places])).code).toBe(0);
  const cut = await call(["token", "entra", "--resource", VAULT], "kept:kill");
  expect([cut.signal, cut.stdout]).toEqual(["SIGKILL", ""]);
  const sent = () => issuer.server.calls.filter(({ form }) => form.get("grant_type") === "refresh_token");
  expect(sent()).toHaveLength(1);
  return { issuer, call, sent, received: issuer.refreshes.at(-1)?.token };
}

function audienceOf({ stdout }: Ended): unknown {
  return JSON.parse(Buffer.from(stdout.split(".")[1] ?? "", "base64url").toString()).aud;
}

test("asked again, the same API's token comes from the disk: nothing is sent", async () => {
  const { call, sent } = await cutOff();
  const again = await call(["token", "entra", "--resource", VAULT]);
  expect([again.code, audienceOf(again)]).toEqual([0, VAULT]);
  expect(sent()).toHaveLength(1);
});

test("asked for another API, the refresh token that came is the one that is sent, and no token is mixed up", async () => {
  const { call, sent, received } = await cutOff();
  const other = await call(["token", "entra", "--resource", STORAGE]);
  expect([other.code, audienceOf(other)]).toEqual([0, STORAGE]);
  expect(
    sent()
      .map(({ form }) => form.get("refresh_token"))
      .at(-1),
  ).toBe(received);
  const first = await call(["token", "entra", "--resource", VAULT]);
  expect([first.code, audienceOf(first)]).toEqual([0, VAULT]);
  expect(sent()).toHaveLength(2);
});

test("a refresh of the login itself takes it in too", async () => {
  const { call, sent, received } = await cutOff();
  expect((await call(["refresh", "entra", "--force"])).code).toBe(0);
  expect(
    sent()
      .map(({ form }) => form.get("refresh_token"))
      .at(-1),
  ).toBe(received);
  expect(audienceOf(await call(["token", "entra"]))).toBe("https://graph.microsoft.com");
  expect(audienceOf(await call(["token", "entra", "--resource", VAULT]))).toBe(VAULT);
  expect(sent()).toHaveLength(2);
});
