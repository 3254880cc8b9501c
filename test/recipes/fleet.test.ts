/** docs/fleet.md: each command of it, on a real Redis server. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { YAML } from "bun";
import { inRedis, PASSWORD, startRedis } from "../support/databases.ts";
import { type LoggedIn, loggedIn } from "../support/logged-in.ts";
import { lacking } from "../support/needs.ts";
import { AUTH, type Ended, run, tempFolder } from "../support/program.ts";
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

/** A step of a job: each line must succeed, and a pipe's first program may fail. */
function bash(script: string, env: Readonly<Record<string, string>>): Promise<Ended> {
  return run(["bash", "-e", "-c", script], { env, cwd: env.HOME ?? tempFolder() });
}

function replaced(script: string | undefined, there: string, here: string): string {
  if (!script?.includes(there)) throw new Error(`${there} isn't in ${script}`);
  return script.replaceAll(there, here);
}

/** Where nothing was added, as in a container or a crontab. */
const SYSTEM_PATH = "/usr/bin:/bin";
/** Puts the program where install.sh does, which has tests of its own. */
const INSTALL = `folder=$HOME/.local/bin; [ "$1" != --dir ] || folder=$2; mkdir -p "$folder"; ln -s '${AUTH}' "$folder/auth"`;
const CURL_NOT_FOUND = 22;

/** A machine with nothing on it but a program that the page calls. */
function machine(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const home = tempFolder();
  return { HOME: home, AUTH_HOME: join(home, "auth"), ...more };
}

/** As someone keeps it in a secret manager. */
const identityOf = (home: Record<string, string>): string =>
  readFileSync(join(home.AUTH_HOME ?? "", "identity"), "utf8");

/** What a command that is started afterwards has in its environment. */
function leavesNothing(environment: string, key = PASSWORD): void {
  expect(environment).toContain("SENTRY_AUTH_TOKEN=");
  for (const secret of [key, PASSWORD, encodeURIComponent(PASSWORD)]) expect(environment).not.toContain(secret);
}

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
    const said = succeeded(await sh(`${script}\necho "key $AUTH_KEY"\nauth run -q sentry -- env`, laptop.env));
    const key = /^key (\S+)$/m.exec(said)?.[1] ?? "";
    leavesNothing(said.slice(said.indexOf("key ") + key.length + 4), key);
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
    const script = page(section, 0, { [ADDRESS]: store });
    leavesNothing(succeeded(await sh(`${script}\nauth run -q sentry -- env`, laptop.env)));
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

    const kept = join(tempFolder(), "secret");
    const made = page(section, 4, { "gh secret set AUTH_IDENTITY": 'cat > "$KEPT"' });
    const jobsKey = succeeded(await sh(made, machine({ KEPT: kept })));
    succeeded(await sh('auth vault member add job "$PUBLIC_KEY"', { ...first, PUBLIC_KEY: jobsKey }));
    const AUTH_IDENTITY = readFileSync(kept, "utf8");
    const fresh = machine({ AUTH_STORE: `${store}&fingerprint=${fingerprint}`, AUTH_IDENTITY });
    expect(succeeded(await sh("auth token sentry", fresh))).toBe(token);

    succeeded(await sh(page(section, 5), first));
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

  /** A job with nothing installed, and where it finds releases: there, or not. */
  async function jobs(work: (releases: string, job: Record<string, string>) => Promise<Ended>): Promise<void> {
    const { env, token } = await shared();
    using server = Bun.serve({
      port: 0,
      fetch: ({ url }) =>
        url.endsWith("/there/install.sh") ? new Response(INSTALL) : new Response("", { status: 404 }),
    });
    const end = async (name: string): Promise<Ended> =>
      work(`${server.url.origin}/${name}`, machine({ ...env, PATH: SYSTEM_PATH, CI: "true" }));
    expect(succeeded(await end("there"))).toBe(token);
    expect(await end("gone")).toMatchObject({ code: CURL_NOT_FOUND, stdout: "" });
  }

  test.skipIf(lacking("curl"))(
    "the job at GitHub, where auth is installed or the job ends",
    async () => {
      const { jobs: all } = YAML.parse(page("GitHub Actions")) as {
        jobs: { release: { steps: { name?: string; env?: Record<string, string>; run?: string }[] } };
      };
      const named = (wanted: string) => all.release.steps.find(({ name }) => name === wanted);
      const [install, release] = [named("Install auth"), named("Release")];
      expect(Object.keys(release?.env ?? {})).toEqual(["AUTH_STORE", "AUTH_KEY"]);
      expect(install?.env).toBeUndefined();
      await jobs(async (releases, { AUTH_STORE = "", AUTH_KEY = "", ...job }) => {
        const folder = tempFolder();
        const step = { ...job, RUNNER_TEMP: folder, GITHUB_PATH: join(folder, "path") };
        const installed = await bash((install?.run ?? "").replace(/\$\{\{ vars.RELEASES \}\}/, releases), step);
        if (installed.code !== 0) return installed;
        const PATH = `${readFileSync(step.GITHUB_PATH, "utf8").trim()}:${SYSTEM_PATH}`;
        const call = replaced(release?.run, 'sentry-cli releases new "$GITHUB_REF_NAME"', PRINT);
        return bash(call, { ...job, AUTH_STORE, AUTH_KEY, PATH });
      });
    },
    60_000,
  );

  test.skipIf(lacking("curl"))(
    "the job at GitLab, where auth is installed or the job ends",
    async () => {
      const { release } = YAML.parse(page("GitLab")) as { release: { before_script: string[]; script: string[] } };
      const script = [...release.before_script, ...release.script].join("\n");
      await jobs((RELEASES, job) => {
        const here = replaced(script, "/tmp/", `${tempFolder()}/`);
        return bash(replaced(here, 'sentry-cli releases new "$CI_COMMIT_TAG"', PRINT), { ...job, RELEASES });
      });
    },
    60_000,
  );

  test("the CronJob and the pods of Kubernetes", async () => {
    const { env, token } = await shared();
    interface PodSpec {
      volumes: { persistentVolumeClaim: { claimName: string } }[];
      securityContext: { runAsGroup: number; fsGroup: number };
    }
    interface Container {
      command: string[];
      envFrom: { secretRef: { name: string } }[];
    }
    const [secret, claim, job, pods] = YAML.parse(page("Kubernetes")) as [
      { metadata: { name: string }; stringData: Record<string, string> },
      { kind: string; metadata: { name: string } },
      { spec: { jobTemplate: { spec: { template: { spec: PodSpec & { containers: Container[] } } } } } },
      { spec: { template: { spec: { containers: Container[] } } } },
    ];
    expect(Object.keys(secret.stringData)).toEqual(["AUTH_STORE", "AUTH_KEY"]);
    const { containers, volumes, securityContext } = job.spec.jobTemplate.spec.template.spec;
    const [refresh] = containers;
    expect(claim.kind).toBe("PersistentVolumeClaim");
    expect(volumes.map(({ persistentVolumeClaim }) => persistentVolumeClaim.claimName)).toEqual([claim.metadata.name]);
    // Without the group, a user other than root can't write to a volume.
    expect(securityContext.fsGroup).toBe(securityContext.runAsGroup);
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
    succeeded(await bash(INSTALL, home));
    const file = join(home.HOME ?? "", ".auth.env");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8")).not.toContain(env.AUTH_KEY ?? "-");
    writeFileSync(join(home.HOME ?? "", "nightly"), `#!/bin/sh\n${PRINT}\n`, { mode: 0o755 });
    const lines = page("A fleet with cron", 1, { "% 300": "% 1" }).trim().split("\n");
    expect(lines).toHaveLength(2);
    const [refresh, nightly] = lines.map((line) => line.split(/ {2}/).slice(1).join("  ").replaceAll("\\%", "%"));
    const cron = (command = "") =>
      run(["sh", "-c", command], { env: { ...home, PATH: SYSTEM_PATH }, cwd: home.HOME ?? "" });
    succeeded(await cron(refresh));
    expect(succeeded(await cron(nightly))).toBe(token);
    expect(env.AUTH_STORE).toContain(encodeURIComponent(PASSWORD));
  }, 60_000);
});
