/** Sentry's organisation tokens name the Sentry they belong to: none is sent to another, and ordinary ones are as ever. */
import { afterAll, expect, test } from "bun:test";
import { startSentry } from "../issuers/sentry.ts";
import { errorOf } from "../support/logged-in.ts";
import { auth, bareEnvironment, type Ended } from "../support/program.ts";

const issuer = startSentry();
afterAll(() => issuer.server.stop());

const places = Object.entries(issuer.endpoints).flatMap(([name, url]) => ["--endpoint", `${name}=${url}`]);

function orgToken(payload: unknown): string {
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  return `sntrys_${btoa(text)}_lQ5ETt61cHhvJa35fxvxARsDXeVrd0pu4`;
}

function paste(token: string, ...flags: string[]): Promise<Ended> {
  return auth(["login", "sentry", "--token", "-", "--json", ...flags], { env: bareEnvironment(), stdin: token });
}

test("a token of another Sentry is refused before anything is sent, with the command that logs in there", async () => {
  const token = orgToken({
    iat: 1,
    url: "https://sentry.acme.example:9000",
    region_url: "https://x.example",
    org: "acme",
  });
  const ended = await paste(token, ...places);
  expect([ended.code, errorOf(ended).code]).toEqual([6, "origin_mismatch"]);
  expect(errorOf(ended).message).toContain("https://sentry.acme.example:9000");
  expect(errorOf(ended).hint).toContain("--host sentry.acme.example:9000 --token -");
  expect(issuer.server.calls).toHaveLength(0);
  expect(ended.stderr).not.toContain("lQ5ETt61");
});

test("a token of sentry.io is sent neither to a self-hosted server nor to an address given by hand", async () => {
  const token = orgToken({ iat: 1, url: "https://sentry.io", region_url: "https://us.sentry.io", org: "acme" });
  for (const flags of [["--host", "sentry.acme.example"], places]) expect((await paste(token, ...flags)).code).toBe(6);
  expect(issuer.server.calls).toHaveLength(0);
});

test("a token of this same Sentry is accepted", async () => {
  const token = orgToken({ iat: 1, url: `${issuer.server.url}/`, org: "acme" });
  expect((await paste(token, "--no-verify", ...places)).code).toBe(0);
  expect((await paste(orgToken({ url: "https://sentry.io" }), "--no-verify")).code).toBe(0);
});

test("a token that names no place is accepted: a user's token, null, no JSON, an odd form", async () => {
  for (const token of [
    `sntryu_${"0123abcd".repeat(8)}`,
    orgToken({ url: null, org: "acme" }),
    orgToken({ url: { toString: "x" } }),
    orgToken("not JSON"),
    orgToken("[]"),
    "sntrys_",
    "sntrys_%%%_x",
    "sntrys_eyJ.x",
  ])
    expect({ token, code: (await paste(token, "--no-verify", ...places)).code }).toEqual({ token, code: 0 });
});

test("a token in the environment is handed on with its own host, and with no other", async () => {
  const SENTRY_AUTH_TOKEN = orgToken({ url: "https://sentry.acme.example", org: "acme" });
  const run = (env: Record<string, string>): Promise<Ended> =>
    auth(["run", "--", "sh", "-c", "echo $SENTRY_URL $SENTRY_AUTH_TOKEN"], {
      env: bareEnvironment({ SENTRY_AUTH_TOKEN, ...env }),
    });
  const alone = await auth(["token", "sentry", "--json"], { env: bareEnvironment({ SENTRY_AUTH_TOKEN }) });
  expect([alone.code, errorOf(alone).code]).toEqual([6, "origin_mismatch"]);
  expect(errorOf(alone).hint).toContain("Set SENTRY_HOST to sentry.acme.example");
  expect((await run({})).stdout).toBe("");
  expect((await run({ SENTRY_URL: "https://sentry.io" })).stdout).toBe("");
  expect((await run({ SENTRY_URL: "https://sentry.acme.example" })).stdout).toBe(
    `https://sentry.acme.example ${SENTRY_AUTH_TOKEN}\n`,
  );
  // It doesn't affect the others.
  expect((await auth(["provider", "list"], { env: bareEnvironment({ SENTRY_AUTH_TOKEN }) })).code).toBe(0);
});
