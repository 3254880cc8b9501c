/** docs/coming-from.md: our side of every row, in the order of the page, on the built binary. */
import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startEntra } from "../issuers/entra.ts";
import { startEntraApp } from "../issuers/entra-app.ts";
import { startGithub } from "../issuers/github.ts";
import { startGoogle } from "../issuers/google.ts";
import { startGoogleService } from "../issuers/google-service.ts";
import { startSentry } from "../issuers/sentry.ts";
import type { Server } from "../issuers/server.ts";
import { publicKey, RSA_KEY } from "../support/keys.ts";
import { AUTH, bareEnvironment, tempFolder } from "../support/program.ts";

const page = await Bun.file(new URL("../../docs/coming-from.md", import.meta.url)).text();

/** The right-hand column of a section's table. */
function rowsOf(heading: string): string[] {
  const section = page.split(`\n## From \`${heading}\`\n`)[1]?.split("\n## ")[0] ?? "";
  return [...section.matchAll(/^\| `.+?` \| `(.+)` \|$/gm)].map(([, ours = ""]) => ours.replaceAll("\\|", "|"));
}

const servers: Server[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

type Endpoints = Readonly<Record<string, string>>;

interface Place {
  /** Which logins it is for: a pattern of the shell over their arguments. The first that matches counts. */
  readonly when: string;
  readonly endpoints: Endpoints;
  /** `NAME=value`, for that login alone. */
  readonly env?: readonly string[];
}

/**
 * A folder to work in, and an `auth` on the PATH that leads logins to issuers on this machine; besides that it is the
 * built binary. The programs of others are stand-ins that say which token they were given.
 */
function shell(places: readonly Place[], env: Record<string, string>, files: Record<string, string> = {}) {
  const folder = tempFolder();
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const script = (name: string, text: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  const cases = places.map(({ when, endpoints, env: own = [] }) => {
    const flags = Object.entries(endpoints).map(([name, url]) => `--endpoint ${name}=${url}`);
    return `${when}) exec env ${own.join(" ")} ${AUTH} "$@" ${flags.join(" ")} ;;`;
  });
  script(
    "auth",
    `case "$*" in *--token*|*apikey*) ;; login*) case "$*" in ${cases.join(" ")} esac ;; esac\nexec ${AUTH} "$@"`,
  );
  for (const name of ["gh", "gcloud", "sentry-cli", "python"])
    script(name, "printenv GH_TOKEN || printenv CLOUDSDK_AUTH_ACCESS_TOKEN || printenv SENTRY_AUTH_TOKEN");
  // The page is visited by the test, which reads its address as a person would.
  script("xdg-open", "exit 0");
  script("docker", 'read -r token && echo "$token"');
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), 0o600);
  }
  const all = bareEnvironment({
    ...env,
    PATH: `${bin}:${process.env.PATH}`,
    GIT_CONFIG_GLOBAL: join(folder, "gitconfig"),
  });
  return {
    /** Runs it; a page that it asks a person to visit is visited, a form filled in. */
    async run(command: string): Promise<{ code: number; stdout: string; stderr: string }> {
      const child = Bun.spawn(["sh", "-c", command], {
        cwd: folder,
        env: all,
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      });
      const stdout = child.stdout.text();
      let stderr = "";
      let visited = false;
      const decoder = new TextDecoder();
      for await (const chunk of child.stderr) {
        stderr += decoder.decode(chunk, { stream: true });
        const [, kind, url] = /(Open this page|Fill in this form)[^\n]*\n\n {2}(\S+)\n/.exec(stderr) ?? [];
        if (url === undefined || visited) continue;
        visited = true;
        if (kind === "Open this page") await fetch(url).then((answer) => answer.text());
        else await fillIn(url);
      }
      return { code: await child.exited, stdout: await stdout, stderr };
    },
  };
}

async function fillIn(url: string): Promise<void> {
  const csrf = /name="csrf" value="([^"]+)"/.exec(await (await fetch(url)).text())?.[1] ?? "";
  const answer = await fetch(url, { method: "POST", body: new URLSearchParams({ csrf, token: "sk-from-the-form" }) });
  await answer.text();
}

function started<T extends { server: Server }>(issuer: T): T {
  servers.push(issuer.server);
  return issuer;
}

const SOON = { approve: true, interval: 1 };

const TOOLS: Readonly<Record<string, () => ReturnType<typeof shell>>> = {
  "sentry auth": () => {
    const { endpoints, publicClient } = started(startSentry(SOON));
    return shell([{ when: "*", endpoints }], {
      SENTRY_CLIENT_ID: publicClient.id,
      TOKEN: `sntryu_${"0123abcd".repeat(8)}`,
    });
  },
  "gh auth": () => {
    const { endpoints, clientId, clientSecret } = started(startGithub(SOON));
    const env = { AUTH_GITHUB_CLIENT_ID: clientId, AUTH_GITHUB_CLIENT_SECRET: clientSecret };
    return shell([{ when: "*", endpoints }], env, { "token.txt": `ghp_${"a1B2".repeat(9)}\n` });
  },
  "gcloud auth": () => {
    const people = started(startGoogle(SOON));
    const service = started(startGoogleService({ publicKey: publicKey(RSA_KEY) }));
    service.state.trusted.add("subject.jwt.1");
    const clientOf = ({ id, secret }: { id: string; secret: string }) => [
      `AUTH_GOOGLE_CLIENT_ID=${id}`,
      `AUTH_GOOGLE_CLIENT_SECRET=${secret}`,
    ];
    const places = [
      // The device flow has clients of its own.
      { when: "*google:remote*", endpoints: people.endpoints, env: clientOf(people.tv) },
      { when: "*google:robot*|*google:ci*", endpoints: service.endpoints },
      { when: "*", endpoints: people.endpoints, env: clientOf(people.desktop) },
    ];
    return shell(
      places,
      { DISPLAY: ":none" },
      { "key.json": service.keyFile(RSA_KEY), "subject.jwt": "subject.jwt.1" },
    );
  },
  "entra-auth-cli": () => {
    const people = started(startEntra(SOON));
    const app = started(startEntraApp({ publicKey: publicKey(RSA_KEY), thumbprint: "" }));
    const places = [
      { when: "*entra:app*", endpoints: app.endpoints },
      { when: "*", endpoints: people.endpointsOf("contoso.example") },
    ];
    return shell(places, { SECRET: app.client.secret });
  },
  authsome: () => {
    const { endpoints, clientId } = started(startGithub(SOON));
    return shell([{ when: "*", endpoints }], { AUTH_GITHUB_CLIENT_ID: clientId });
  },
};

for (const [tool, start] of Object.entries(TOOLS))
  describe(`from ${tool}`, () => {
    const rows = rowsOf(tool);

    test(`the ${rows.length} rows of its table are run in order, and each does what it says`, async () => {
      expect(rows.length).toBeGreaterThan(12);
      const at = start();
      for (const row of rows) {
        const { code, stdout, stderr } = await at.run(row);
        expect({ row, code, stderr }).toEqual({ row, code: 0, stderr: expect.not.stringContaining("Error:") });
        // Whatever prints a token, or hands it to a program, prints it.
        if (/auth token|auth run|docker login/.test(row) && !/[>']/.test(row))
          expect({ row, stdout }).toEqual({ row, stdout: expect.stringMatching(/\S/) });
      }
    }, 120_000);
  });

test("git gets the token from the helper of the page", async () => {
  const at = TOOLS["gh auth"]?.();
  const helper = rowsOf("gh auth").find((row) => row.startsWith("git config")) ?? "";
  expect((await at?.run("auth login github"))?.code).toBe(0);
  const filled = await at?.run(`${helper} && printf 'protocol=https\\nhost=github.com\\n\\n' | git credential fill`);
  expect(filled?.stdout).toMatch(/username=x-access-token\npassword=ghu_/);
});

test("every tool of the page is tried", () => {
  const headings = [...page.matchAll(/^## From `(.+)`$/gm)].map(([, name]) => name ?? "");
  expect(headings.sort()).toEqual(Object.keys(TOOLS).sort());
});
