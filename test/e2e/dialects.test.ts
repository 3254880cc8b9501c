/**
 * The everyday commands of the built binary, played at issuers that speak each first-class provider's dialect:
 * by device and by browser, in text and in JSON.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { startEntra } from "../issuers/entra.ts";
import { startGithub } from "../issuers/github.ts";
import { startGoogle } from "../issuers/google.ts";
import { startSentry } from "../issuers/sentry.ts";
import type { Server } from "../issuers/server.ts";
import { loginByBrowser } from "../support/browser-login.ts";
import { auth, bareEnvironment, type Ended } from "../support/program.ts";

interface Issuer {
  readonly server: Server;
  readonly endpoints: Readonly<Record<string, string>>;
  readonly clientId: string;
  readonly clientSecret: string | null;
}

interface Row {
  readonly provider: string;
  readonly start: (flow: "device" | "browser") => Issuer;
  /** Variables under which `run` hands the token over. */
  readonly variables: readonly string[];
  readonly flags?: Readonly<Record<"device" | "browser", readonly string[]>>;
}

const issuers: Issuer[] = [];
afterAll(() => Promise.all(issuers.map(({ server }) => server.stop())));

const SOON = { approve: true, interval: 1 };

const ROWS: readonly Row[] = [
  {
    provider: "github",
    start: () => startGithub(SOON),
    variables: ["GH_TOKEN", "GITHUB_TOKEN"],
  },
  {
    provider: "google",
    start: (flow) => {
      const issuer = startGoogle(SOON);
      const client = flow === "device" ? issuer.tv : issuer.desktop;
      return { ...issuer, clientId: client.id, clientSecret: client.secret };
    },
    variables: ["CLOUDSDK_AUTH_ACCESS_TOKEN", "GOOGLE_OAUTH_ACCESS_TOKEN"],
    // Google gives few scopes by device.
    flags: { device: ["--scope", "openid,email"], browser: [] },
  },
  {
    provider: "sentry",
    start: () => {
      const issuer = startSentry(SOON);
      return { ...issuer, clientId: issuer.publicClient.id, clientSecret: null };
    },
    variables: ["SENTRY_AUTH_TOKEN"],
  },
  {
    provider: "entra",
    start: () => {
      const issuer = startEntra(SOON);
      return { ...issuer, clientId: issuer.publicClient.id, clientSecret: null };
    },
    variables: ["ENTRA_TOKEN"],
  },
];

for (const row of ROWS)
  for (const flow of ["device", "browser"] as const)
    describe(`${row.provider} by ${flow}`, () => {
      test("log in, status, token, refresh, run, get, export, log out", async () => {
        const issuer = row.start(flow);
        issuers.push(issuer);
        const prefix = `AUTH_${row.provider.toUpperCase()}_CLIENT`;
        const env = bareEnvironment({
          [`${prefix}_ID`]: issuer.clientId,
          [`${prefix}_SECRET`]: issuer.clientSecret ?? undefined,
        });
        const call = (...args: string[]): Promise<Ended> => auth(args, { env });
        const places = Object.entries(issuer.endpoints).flatMap(([name, url]) => ["--endpoint", `${name}=${url}`]);
        const login = ["login", row.provider, "--flow", flow, ...places, ...(row.flags?.[flow] ?? []), "--json"];

        const events = flow === "device" ? lines((await ok(call(...login))).stdout) : await loginByBrowser(login, env);
        expect(events[0]?.event).toBe(flow === "device" ? "device_code" : "authorize");
        expect(events.at(-1)).toMatchObject({
          event: "connected",
          connection: `${row.provider}:default`,
          refreshable: true,
        });
        const account = events.at(-1)?.account;
        expect(account).toBeString();

        expect((await ok(call("status", row.provider))).stdout).toContain(`Authenticated as: ${account}`);
        const first = (await ok(call("token", row.provider))).stdout.trim();
        const refreshed = await ok(call("refresh", row.provider, "--force", "--json"));
        expect(JSON.parse(refreshed.stdout)).toMatchObject({ success: true, refreshed: true });
        const second = (await ok(call("token", row.provider))).stdout.trim();
        expect(second).not.toBe(first);

        const script = row.variables.map((name) => `"$${name}"`).join(" ");
        const run = await ok(call("run", row.provider, "--", "sh", "-c", `printf '%s\\n' ${script}`));
        expect(run.stdout.trim().split("\n")).toEqual(row.variables.map(() => second));
        expect((await ok(call("get", row.provider, "--field", "account"))).stdout.trim()).toBe(String(account));
        const exported = JSON.parse((await ok(call("export", row.provider, "--format", "json"))).stdout);
        for (const name of row.variables) expect(exported[name]).toBe(second);

        const out = JSON.parse((await ok(call("logout", row.provider, "--json"))).stdout);
        expect(out).toMatchObject({ connection: `${row.provider}:default`, erased: true });
        expect((await call("token", row.provider)).code).toBe(2);
      });
    });

async function ok(run: Promise<Ended>): Promise<Ended> {
  const ended = await run;
  if (ended.code !== 0) throw new Error(`exit ${ended.code}\n${ended.stdout}\n${ended.stderr}`);
  return ended;
}

function lines(ndjson: string): Record<string, unknown>[] {
  return ndjson
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}
