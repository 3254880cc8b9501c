/** The real programs, after `auth setup` and nothing else: they get in, and after --undo they don't. */
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "smol-toml";
import { json } from "../issuers/server.ts";
import { CERTIFICATES } from "../platform/certificates.ts";
import { gitRepositories, serveGit } from "../support/git-server.ts";
import { goPrograms, lacking } from "../support/needs.ts";
import { crateRegistry, moduleProxy, npmRegistry } from "../support/packages.ts";
import { AUTH, type Ended, run } from "../support/program.ts";
import { createRegistry } from "../support/registry.ts";
import { credentialsOf, startTokenHost, type TokenHost } from "../support/token-host.ts";

setDefaultTimeout(60_000);
const PNPM = join(import.meta.dir, "..", "..", "node_modules", ".bin", "pnpm");

let host: TokenHost | undefined;
afterEach(async () => {
  await host?.stop();
  host = undefined;
});

/** With `auth` in the user's own folder, where links are put. */
function userOf({ env }: TokenHost, more: Readonly<Record<string, string>> = {}) {
  const home = env.HOME ?? "";
  const bin = join(home, ".local", "bin");
  mkdirSync(bin, { recursive: true });
  symlinkSync(AUTH, join(bin, "auth"));
  const all = { ...env, PATH: `${bin}:${process.env.PATH}`, LC_ALL: "C.UTF-8", ...more };
  const sh = (script: string): Promise<Ended> => run(["sh", "-e", "-c", script], { env: all, cwd: home });
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(home, name)), { recursive: true });
    writeFileSync(join(home, name), text);
  };
  return { home, sh, write };
}

const welcome = { code: 0 };

test.skipIf(lacking("git"))("git clones by the connection that was set up, and not after --undo", async () => {
  const root = await gitRepositories();
  const seen: string[] = [];
  host = startTokenHost((request, { ownerOf }) => {
    const owner = ownerOf(credentialsOf(request)?.token ?? null);
    if (owner === null) return new Response("who?", { status: 401, headers: { "www-authenticate": "Basic" } });
    seen.push(owner);
    return serveGit(root, request);
  });
  await host.logIn("home");
  await host.logIn("work");
  const { home, sh } = userOf(host, { GIT_TERMINAL_PROMPT: "0" });
  await sh("git config --global credential.helper store");
  expect(await sh("auth setup git oidc:work --yes")).toMatchObject(welcome);
  expect(await sh(`git clone -q ${host.url}/team/project.git one`)).toMatchObject(welcome);
  expect(seen.at(-1)).toBe("work");
  expect(existsSync(join(home, ".git-credentials"))).toBe(false);
  expect(await sh("auth setup git --check")).toMatchObject(welcome);
  expect(await sh("auth setup git --undo --yes")).toMatchObject(welcome);
  expect((await sh(`git clone -q ${host.url}/team/project.git two`)).code).not.toBe(0);
  expect((await sh("git config --global --get-all credential.helper")).stdout).toBe("store\n");
});

test.skipIf(lacking("git"))("git keeps a setting that git itself has put beside ours", async () => {
  host = startTokenHost(() => new Response("", { status: 404 }));
  const { sh } = userOf(host);
  const url = "https://git.example";
  expect(await sh(`auth setup git --host git.example --yes`)).toMatchObject(welcome);
  expect(await sh(`git config --global credential.${url}.username work`)).toMatchObject(welcome);
  expect(await sh("auth setup git --check")).toMatchObject(welcome);
  expect(await sh("auth setup git --undo --yes")).toMatchObject(welcome);
  expect((await sh(`git config --global --list`)).stdout).toBe(`credential.${url}.username=work\n`);
});

test.skipIf(lacking("skopeo"))("skopeo pulls by docker's file that was set up, and not after --undo", async () => {
  const registry = createRegistry();
  registry.add("team/app", "1");
  host = startTokenHost((request, here) => registry.serve(request, here));
  await host.logIn("home");
  const { host: name } = new URL(host.url);
  const { sh, home } = userOf(host);
  const pull = `skopeo --insecure-policy copy --src-tls-verify=false docker://${name}/team/app:1 dir:app`;
  expect((await sh(pull)).code).not.toBe(0);
  expect(await sh(`auth setup docker --host ${name} --yes`)).toMatchObject(welcome);
  expect(await sh(pull)).toMatchObject(welcome);
  expect(registry.seen.at(-1)?.owner).toBe("home");
  expect(await sh("auth setup docker --undo --yes")).toMatchObject(welcome);
  expect((await sh(pull)).code).not.toBe(0);
  expect(existsSync(join(home, ".docker"))).toBe(false);
});

test.skipIf(lacking("skopeo"))("skopeo pulls by the file of its own, too", async () => {
  const registry = createRegistry();
  registry.add("team/app", "1");
  host = startTokenHost((request, here) => registry.serve(request, here));
  await host.logIn("home");
  const { host: name } = new URL(host.url);
  const { sh, home } = userOf(host);
  expect(await sh(`auth setup podman --host ${name} --yes`)).toMatchObject(welcome);
  const pull = `skopeo --insecure-policy copy --src-tls-verify=false docker://${name}/team/app:1 dir:app`;
  expect(await sh(pull)).toMatchObject(welcome);
  expect(await sh("auth setup podman --undo --yes")).toMatchObject(welcome);
  expect((await sh(pull)).code).not.toBe(0);
  expect(existsSync(join(home, ".config"))).toBe(false);
});

describe.skipIf(lacking("kubectl"))("kubectl", () => {
  let api: ReturnType<typeof Bun.serve>;
  const seen: (string | null)[] = [];
  beforeAll(() => {
    api = Bun.serve({ hostname: "127.0.0.1", port: 0, tls: CERTIFICATES.good, fetch: answer });
  });
  afterAll(() => api.stop(true));

  function answer(request: Request): Response {
    const owner = host?.ownerOf(credentialsOf(request)?.token ?? null) ?? null;
    seen.push(owner);
    if (owner === null) return json({ kind: "Status", apiVersion: "v1", status: "Failure", code: 401 }, 401);
    return json({ kind: "NamespaceList", apiVersion: "v1", items: [] });
  }

  const kubeconfig = (): string =>
    [
      "# where I work",
      "apiVersion: v1",
      "kind: Config",
      "clusters:",
      "- name: here",
      "  cluster:",
      `    server: https://localhost:${api.port}`,
      `    certificate-authority-data: ${btoa(CERTIFICATES.good.cert)}`,
      "contexts:",
      "- name: here",
      "  context: {cluster: here, user: nobody}",
      "current-context: here",
      "",
    ].join("\n");
  const get = "kubectl get --raw /api/v1/namespaces";

  test("gets what the server has, by the user that was set up for its context", async () => {
    host = startTokenHost(() => new Response("", { status: 404 }));
    await host.logIn("work");
    const { sh, write, home } = userOf(host);
    write(".kube/config", kubeconfig());
    expect((await sh(get)).code).not.toBe(0);
    expect(await sh("auth setup kubectl oidc:work --name work --context here --yes")).toMatchObject(welcome);
    expect(await sh(get)).toMatchObject(welcome);
    expect(seen.at(-1)).toBe("work");
    expect(await sh("auth setup kubectl --undo --yes")).toMatchObject(welcome);
    expect(readFileSync(join(home, ".kube", "config"), "utf8")).toBe(kubeconfig());
    expect((await sh(get)).code).not.toBe(0);
  });

  test("what kubectl has written anew since still stands, and is taken back", async () => {
    host = startTokenHost(() => new Response("", { status: 404 }));
    await host.logIn("work");
    const { sh, write } = userOf(host);
    write(".kube/config", kubeconfig());
    expect(await sh("auth setup kubectl oidc:work --name work --context here --yes")).toMatchObject(welcome);
    await sh("kubectl config set-context other --cluster=here --user=somebody");
    expect(await sh("auth setup kubectl --check")).toMatchObject(welcome);
    expect(await sh(get)).toMatchObject(welcome);
    expect(await sh("auth setup kubectl --undo --yes")).toMatchObject(welcome);
    const { stdout } = await sh("kubectl config view -o json");
    const { users, contexts } = JSON.parse(stdout);
    expect(users).toBeNull();
    expect(contexts.map(({ context }: { context: { user: string } }) => context.user)).toEqual(["nobody", "somebody"]);
  });
});

test.skipIf(lacking("aws"))("the AWS CLI lists buckets by the profile that was set up", async () => {
  const role = {
    accessKeyId: "ASIA1",
    secretAccessKey: "s3cret",
    sessionToken: "s",
    expiration: Date.now() + 3_600_000,
  };
  host = startTokenHost((request, { ownerOf }) => {
    const { pathname } = new URL(request.url);
    if (pathname !== "/federation/credentials")
      return new Response("<ListAllMyBucketsResult><Buckets></Buckets></ListAllMyBucketsResult>");
    const isKnown = ownerOf(credentialsOf(request)?.token ?? null) !== null;
    return isKnown ? json({ roleCredentials: role }) : json({ __type: "x#UnauthorizedException" }, 401);
  });
  await host.logIn("work");
  const more = { AWS_EC2_METADATA_DISABLED: "true", AWS_REGION: "eu-central-1" };
  const { sh, write, home } = userOf(host, more);
  write(".aws/config", "[profile work]\noutput = json\n");
  const list = `/usr/bin/aws --endpoint-url ${host.url} s3api list-buckets --profile work`;
  expect((await sh(list)).code).not.toBe(0);
  const words = `--origin ${host.url} --account 123456789012 --role ReadOnly`;
  expect(await sh(`auth setup aws oidc:work --name work --yes -- ${words}`)).toMatchObject(welcome);
  expect(await sh(list)).toMatchObject(welcome);
  expect(await sh("auth setup aws --undo --yes")).toMatchObject(welcome);
  expect(readFileSync(join(home, ".aws", "config"), "utf8")).toBe("[profile work]\noutput = json\n");
});

test.skipIf(lacking("cargo"))("cargo finds a crate by the provider that was set up", async () => {
  const seen: (string | null)[] = [];
  const answer = await crateRegistry(() => host?.url ?? "");
  host = startTokenHost((request, { ownerOf }) => {
    const owner = ownerOf(credentialsOf(request)?.token ?? null);
    seen.push(owner);
    if (owner === null) return json({ errors: [] }, 401, { "www-authenticate": "Cargo" });
    return answer(new URL(request.url).pathname);
  });
  await host.logIn("work");
  const toolchain = { RUSTUP_HOME: process.env.RUSTUP_HOME ?? `${process.env.HOME}/.rustup` };
  const { sh, write } = userOf(host, toolchain);
  write(".cargo/config.toml", `[registries.corp]\nindex = "sparse+${host.url}/index/"\n`);
  const search = "cargo search --registry corp some-crate";
  expect((await sh(search)).code).not.toBe(0);
  expect(await sh("auth setup cargo oidc:work --name corp --yes")).toMatchObject(welcome);
  expect(await sh(search)).toMatchObject({ code: 0, stdout: expect.stringContaining('some-crate = "1.2.3"') });
  expect(seen.at(-1)).toBe("work");
  expect(await sh("auth setup cargo --undo --yes")).toMatchObject(welcome);
  expect((await sh(search)).code).not.toBe(0);
});

test.skipIf(lacking("ansible-vault"))("ansible-vault opens a file by the vault id that was set up", async () => {
  host = startTokenHost(() => new Response("", { status: 404 }));
  const { sh } = userOf(host);
  expect(await sh("echo 'a long password' | auth login apikey:production --token - --quiet")).toMatchObject(welcome);
  expect(await sh("auth setup ansible apikey:production --yes")).toMatchObject(welcome);
  const encrypt = "echo 'a: 1' > file.yml && ansible-vault encrypt --encrypt-vault-id apikey:production file.yml";
  expect(await sh(encrypt)).toMatchObject(welcome);
  expect(await sh("ansible-vault view file.yml")).toMatchObject({ code: 0, stdout: expect.stringContaining("a: 1") });
  expect(await sh("auth setup ansible --undo --yes")).toMatchObject(welcome);
  expect((await sh("ansible-vault view file.yml < /dev/null")).code).not.toBe(0);
});

test.skipIf(lacking("pip"))("pip asks for an index's password as it was set up", async () => {
  const seen: string[] = [];
  host = startTokenHost((request, { ownerOf }) => {
    const owner = ownerOf(credentialsOf(request)?.token ?? null);
    if (owner === null) return new Response("", { status: 401, headers: { "www-authenticate": "Basic" } });
    seen.push(owner);
    return new Response("", { status: 404 });
  });
  await host.logIn("work");
  const { sh } = userOf(host, { PIP_DISABLE_PIP_VERSION_CHECK: "1" });
  expect(await sh("auth setup pip --yes")).toMatchObject(welcome);
  await sh(
    `/usr/bin/python3 -m pip download --no-deps --index-url ${host.url.replace("//", "//work@")}/simple/ project`,
  );
  expect(seen).toContain("work");
  expect(await sh("auth setup pip --check && auth setup pip --undo --yes")).toMatchObject(welcome);
});

test.skipIf(lacking("go"))("go downloads a module by the command that was set up, and not after --undo", async () => {
  const module = "corp.example/team/module";
  const answer = moduleProxy(module, "v1.2.0");
  host = startTokenHost(
    (request, { ownerOf }) =>
      ownerOf(credentialsOf(request)?.token ?? null) === null
        ? new Response("who?", { status: 401 })
        : answer(new URL(request.url).pathname),
    { tls: true },
  );
  await host.logIn("work");
  const { sh, home, write } = userOf(host, {
    GOPROXY: host.url,
    GONOSUMDB: "*",
    GOTOOLCHAIN: "local",
    GOFLAGS: "-modcacherw",
  });
  const netrc = "machine other.example login me password secret\n";
  write(".netrc", netrc);
  const download = `rm -rf ~/go && '${goPrograms()}/go' mod download ${module}@v1.2.0`;
  expect((await sh(download)).code).not.toBe(0);
  expect(await sh("auth setup go --yes")).toMatchObject(welcome);
  expect(await sh(download)).toMatchObject(welcome);
  expect(await sh("auth setup go --check")).toMatchObject(welcome);
  // go itself reads and writes the file that has it.
  expect((await sh(`'${goPrograms()}/go' env GOAUTH`)).stdout).toBe(`netrc; ${home}/.local/bin/auth helper go\n`);
  expect(await sh(`'${goPrograms()}/go' env -w GOPRIVATE=a.example`)).toMatchObject(welcome);
  expect(await sh("auth setup go --check")).toMatchObject(welcome);
  expect(await sh("auth setup go --undo --yes")).toMatchObject(welcome);
  expect(readFileSync(join(home, ".config", "go", "env"), "utf8")).toBe("GOPRIVATE=a.example\n");
  expect((await sh(download)).code).not.toBe(0);
});

test("pnpm adds a package by the script that was set up, and not after --undo", async () => {
  const answer = await npmRegistry();
  host = startTokenHost((request, { ownerOf }) =>
    ownerOf(credentialsOf(request)?.token ?? null) === null ? new Response("", { status: 401 }) : answer(request),
  );
  await host.logIn("work");
  const { sh, home, write } = userOf(host);
  const before = `@corp:registry=${host.url}/\n`;
  write(".npmrc", before);
  const add = `rm -rf project ~/.cache ~/.local/share && mkdir project && cd project && '${PNPM}' add @corp/thing`;
  expect((await sh(add)).code).not.toBe(0);
  expect(await sh(`auth setup pnpm oidc:work --host ${new URL(host.url).host} --yes`)).toMatchObject(welcome);
  expect(await sh(add)).toMatchObject(welcome);
  expect(await sh("auth setup pnpm --check && auth setup pnpm --undo --yes")).toMatchObject(welcome);
  expect(readFileSync(join(home, ".npmrc"), "utf8")).toBe(before);
  expect((await sh(add)).code).not.toBe(0);
});

for (const [shell, ask, answer] of [
  ["bash", "bash -i -c 'complete -p auth'", "auth"],
  ["zsh", "zsh -i -c 'print -r -- $_comps[auth]'", "_auth"],
  ["fish", "fish -c 'complete -C \"auth tok\"'", "token"],
] as const)
  test.skipIf(lacking(shell))(`${shell} completes auth in a new shell, and not after --undo`, async () => {
    host = startTokenHost(() => new Response("", { status: 404 }));
    const { sh } = userOf(host);
    expect(await sh(`auth setup completion ${shell} --yes`)).toMatchObject(welcome);
    expect((await sh(`${ask} 2>/dev/null`)).stdout).toContain(answer);
    expect(await sh("auth setup completion --undo --yes")).toMatchObject(welcome);
    expect((await sh(`${ask} 2>/dev/null || true`)).stdout).not.toContain(answer);
  });

/** What the program itself would call, for those that can't be had here. */
describe("by its documented protocol", () => {
  const setUp = async (tool: string, words: string) => {
    const made = startTokenHost(() => new Response("", { status: 404 }));
    host = made;
    await made.logIn("work");
    const user = userOf(made);
    const result = await user.sh(`auth setup ${tool} ${words.replaceAll("HOST", new URL(made.url).host)} --yes`);
    expect(result).toMatchObject(welcome);
    const read = (name: string): string => readFileSync(join(user.home, name), "utf8");
    return { ...user, read, made, token: () => made.issued.at(-1)?.token ?? "" };
  };

  test("Terraform: the plugin, with the arguments of the file", async () => {
    const { home, sh, read, token } = await setUp(
      "terraform",
      "oidc:work --yes -- --origin https://terraform.example #",
    );
    const [, list = "[]"] = /args = (\[.*\])/.exec(read(".terraformrc")) ?? [];
    const args = (JSON.parse(list) as string[]).join(" ");
    const plugin = join(home, ".terraform.d/plugins/terraform-credentials-auth");
    const { stdout } = await sh(`${plugin} ${args} get terraform.example`);
    expect(JSON.parse(stdout)).toEqual({ token: token() });
  });

  test("Vault: the program of the file", async () => {
    const { sh, read, made, token } = await setUp("vault", "");
    const [, helper] = /^token_helper = "(.*)"$/m.exec(read(".vault")) ?? [];
    expect((await sh(`VAULT_ADDR=${made.url} ${helper} get`)).stdout).toBe(token());
  });

  test("Bazel: the program of the host's line, with a request on standard input", async () => {
    const { sh, read, made, token } = await setUp("bazel", "oidc:work --host HOST");
    const [, helper] = /--credential_helper=[^=]*=(.*)"$/m.exec(read(".bazelrc")) ?? [];
    const { stdout } = await sh(`echo '{"uri":"${made.url}/x"}' | ${helper} get`);
    expect(JSON.parse(stdout).headers).toEqual({ Authorization: [`Bearer ${token()}`] });
  });

  test("Claude Code and Codex: the command of the file prints the token", async () => {
    const claude = await setUp("claude-code", "oidc:work");
    const { apiKeyHelper } = JSON.parse(claude.read(".claude/settings.json"));
    expect((await claude.sh(apiKeyHelper)).stdout).toBe(`${claude.token()}\n`);
    await claude.made.stop();
    const codex = await setUp("codex", "oidc:work --name gateway");
    const { model_providers: providers } = parse(codex.read(".codex/config.toml"));
    const { auth } =
      (providers as Readonly<Record<string, { auth: { command: string; args: string[] } }>>).gateway ?? {};
    expect((await codex.sh([auth?.command, ...(auth?.args ?? [])].join(" "))).stdout).toBe(`${codex.token()}\n`);
  });

  test("Google's libraries: the file is a configuration that names the command", async () => {
    const { sh } = await setUp("adc", "oidc:work --audience //iam.googleapis.com/x");
    const { stdout } = await sh("cat $AUTH_HOME/setup/adc-oidc-work.json");
    const { type, credential_source: source } = JSON.parse(stdout);
    expect(type).toBe("external_account");
    expect(source.executable.command).toMatch(/^\/.*\/auth helper adc oidc:work$/);
  });
});
