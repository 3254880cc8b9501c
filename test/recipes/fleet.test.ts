/** docs/fleet.md: each command of it, on a real Redis server. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { YAML } from "bun";
import { inRedis, PASSWORD, startRedis } from "../support/databases.ts";
import { type LoggedIn, loggedIn } from "../support/logged-in.ts";
import { lacking } from "../support/needs.ts";
import { type Ended, run, tempFolder } from "../support/program.ts";
import { pathWithAuth, recipe } from "../support/recipes.ts";
import { lazyServer } from "../vault/shared-home.ts";

const ADDRESS = "rediss://auth:password@redis.example:6379/0?prefix=team";
const PRINT = "printenv SENTRY_AUTH_TOKEN";

const page = (section: string, number = 0, places: Readonly<Record<string, string>> = {}): string =>
  recipe(section, number, places, "fleet.md");

/** A script of the page, as a person or a job runs it: with `auth` on PATH. */
function sh(script: string, env: Readonly<Record<string, string>>): Promise<Ended> {
  return run(["sh", "-e", "-c", script], { env: { ...env, PATH: pathWithAuth() }, cwd: env.HOME ?? tempFolder() });
}

/** A machine with nothing on it but a program that the page calls. */
function machine(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const home = tempFolder();
  return { HOME: home, AUTH_HOME: join(home, "auth"), ...more };
}

/** As someone keeps it in a secret manager. */
const identityOf = (home: Record<string, string>): string =>
  readFileSync(join(home.AUTH_HOME ?? "", "identity"), "utf8");

const succeeded = ({ code, stdout, stderr }: Ended): string => {
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
  return stdout.trim();
};

describe.skipIf(lacking("redis-server", "openssl"))("docs/fleet.md", () => {
  const server = lazyServer(startRedis);
  const laptops: LoggedIn[] = [];
  afterAll(async () => {
    for (const laptop of laptops) await laptop.stop();
    await server.stop();
  });

  /** The five commands, on a laptop with a login. @returns what each other machine gets, and the token */
  async function shared(): Promise<{ env: Record<string, string>; token: string; laptop: LoggedIn; said: string }> {
    const laptop = await loggedIn();
    laptops.push(laptop);
    const token = succeeded(await laptop.call(["token", "sentry"]));
    const store = await server.address();
    const script = page("In five commands", 0, { [ADDRESS]: store });
    const said = succeeded(await sh(`${script}\necho "key $AUTH_KEY"`, laptop.env));
    const key = /^key (\S+)$/m.exec(said)?.[1] ?? "";
    return { env: { AUTH_STORE: store, AUTH_KEY: key }, token, laptop, said };
  }

  test("five commands, and another machine has the token; the server learns neither it nor whose it is", async () => {
    const { env, token, laptop, said } = await shared();
    expect(page("In five commands").trim().split("\n")).toHaveLength(5);
    expect(said).toContain("sentry");
    const other = machine(env);
    expect(succeeded(await sh(page("In five commands", 1, { "sentry-cli releases list": PRINT }), other))).toBe(token);
    const name = new URL(env.AUTH_STORE ?? "").searchParams.get("prefix") ?? "";
    const database = await server.get();
    const keys = (await inRedis(database, "KEYS", `${name}*`)) as string[];
    expect(keys).toContain(`${name}:records`);
    const records = (await inRedis(database, "HGETALL", `${name}:records`)) as Record<string, string>;
    const raw =
      JSON.stringify(records) +
      Object.values(records)
        .map((value) => Buffer.from(value.slice(value.indexOf(" ") + 1), "base64").toString("latin1"))
        .join();
    for (const secret of [token, env.AUTH_KEY ?? "-", "sentry", laptop.issuer.publicClient.id])
      expect(raw.includes(secret)).toBe(false);
  }, 60_000);

  test("a team by public keys: one more comes in by its own, reads the login, and is taken out again", async () => {
    const section = "A team by public keys";
    const laptop = await loggedIn();
    laptops.push(laptop);
    const token = succeeded(await laptop.call(["token", "sentry"]));
    const store = await server.address();
    succeeded(await sh(page(section, 0, { [ADDRESS]: store }), laptop.env));
    const first = { ...laptop.env, AUTH_STORE: store };

    const other = machine();
    const PUBLIC_KEY = succeeded(await sh(page(section, 1), other));
    const { stderr } = await sh(page(section, 2), { ...first, PUBLIC_KEY });
    const fingerprint = /--fingerprint (\S+)/.exec(stderr)?.[1] ?? "none";
    const joined = page(section, 3, { [ADDRESS]: store, "3f2a-91bc-…": fingerprint });
    expect(succeeded(await sh(joined, other))).toContain("sentry");
    expect(succeeded(await sh("auth token sentry", other))).toBe(token);
    const without = await sh("auth token sentry", machine({ AUTH_STORE: store, AUTH_IDENTITY: identityOf(other) }));
    expect({ code: without.code, stderr: without.stderr }).toEqual({
      code: 8,
      stderr: expect.stringContaining("fingerprint"),
    });
    const job = machine({ AUTH_STORE: `${store}&fingerprint=${fingerprint}`, AUTH_IDENTITY: identityOf(other) });
    expect(succeeded(await sh("auth token sentry", job))).toBe(token);

    succeeded(await sh(page(section, 4), first));
    const after = await sh("auth list", other);
    expect({ code: after.code, stderr: after.stderr }).toEqual({
      code: 8,
      stderr: expect.stringContaining("not a member"),
    });
    expect(succeeded(await sh("auth token sentry", first))).toBe(token);
  }, 60_000);

  test("the refresh of one machine is the token of all", async () => {
    const { env, token } = await shared();
    const keeper = machine(env);
    succeeded(await sh(page("Keep tokens alive in one place"), keeper));
    expect(succeeded(await sh("auth token sentry", machine(env)))).toBe(token);
    succeeded(await sh(page("Keep tokens alive in one place", 0, { "--min-ttl 1500": "--force" }), keeper));
    const next = succeeded(await sh("auth token sentry", machine(env)));
    expect(next).not.toBe(token);
  }, 60_000);

  test("the jobs at GitHub and GitLab", async () => {
    const { env, token } = await shared();
    const workflow = YAML.parse(page("GitHub Actions")) as {
      jobs: { release: { steps: { name?: string; env?: Record<string, string>; run?: string }[] } };
    };
    const step = workflow.jobs.release.steps.find(({ name }) => name === "Release");
    expect(Object.keys(step?.env ?? {})).toEqual(["AUTH_STORE", "AUTH_KEY"]);
    const call = 'sentry-cli releases new "$GITHUB_REF_NAME"';
    expect(step?.run).toContain(call);
    const script = (step?.run ?? "").replace(call, PRINT);
    expect(succeeded(await sh(script, machine({ ...env, CI: "true" })))).toBe(token);

    const { release } = YAML.parse(page("GitLab")) as { release: { script: string[] } };
    const job = release.script.join("\n").replace('sentry-cli releases new "$CI_COMMIT_TAG"', PRINT);
    expect(job).toContain(PRINT);
    expect(succeeded(await sh(job, machine({ ...env, CI: "true" })))).toBe(token);
  }, 60_000);

  test("the CronJob and the pods of Kubernetes", async () => {
    const { env, token } = await shared();
    interface Container {
      command: string[];
      envFrom: { secretRef: { name: string } }[];
    }
    const [secret, job, pods] = YAML.parse(page("Kubernetes")) as [
      { metadata: { name: string }; stringData: Record<string, string> },
      { spec: { jobTemplate: { spec: { template: { spec: { containers: Container[] } } } } } },
      { spec: { template: { spec: { containers: Container[] } } } },
    ];
    expect(Object.keys(secret.stringData)).toEqual(["AUTH_STORE", "AUTH_KEY"]);
    const [refresh] = job.spec.jobTemplate.spec.template.spec.containers;
    const [worker] = pods.spec.template.spec.containers;
    for (const container of [refresh, worker])
      expect(container?.envFrom).toEqual([{ secretRef: { name: secret.metadata.name } }]);
    const command = (refresh?.command ?? []).map(String);
    const at = (home: Record<string, string>, words: readonly string[]): Promise<Ended> =>
      run(words, { env: { ...home, PATH: pathWithAuth() }, cwd: home.HOME ?? "" });
    succeeded(await at(machine(env), command));
    const pod = machine(env);
    writeFileSync(join(pod.HOME ?? "", "worker"), '#!/bin/sh\ncat "$SENTRY_AUTH_TOKEN_FILE"\n', { mode: 0o755 });
    expect(succeeded(await at(pod, (worker?.command ?? []).map(String)))).toBe(token);
  }, 60_000);

  test("a fleet with cron: the file of variables, and both lines", async () => {
    const { env, token } = await shared();
    const home = machine();
    const keys = join(home.HOME ?? "", "keys");
    mkdirSync(keys);
    writeFileSync(join(keys, "auth"), env.AUTH_KEY ?? "");
    const places = { [ADDRESS]: env.AUTH_STORE ?? "", "/run/keys": keys };
    succeeded(await sh(page("A fleet with cron", 0, places), home));
    const file = join(home.HOME ?? "", ".auth.env");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8")).not.toContain(env.AUTH_KEY ?? "-");
    writeFileSync(join(home.HOME ?? "", "nightly"), `#!/bin/sh\n${PRINT}\n`, { mode: 0o755 });
    const lines = page("A fleet with cron", 1, { "% 300": "% 1" }).trim().split("\n");
    expect(lines).toHaveLength(2);
    const [refresh, nightly] = lines.map((line) => line.split(/ {2}/).slice(1).join("  ").replaceAll("\\%", "%"));
    succeeded(await sh(refresh ?? "", home));
    expect(succeeded(await sh(nightly ?? "", home))).toBe(token);
    expect(env.AUTH_STORE).toContain(encodeURIComponent(PASSWORD));
  }, 60_000);
});
