/** docs/coming-from.md: our side of every row, in the order of the page, on the built binary. */
import { afterAll, describe, expect, test } from "bun:test";
import { startEntra } from "../issuers/entra.ts";
import { startEntraApp } from "../issuers/entra-app.ts";
import { startGithub } from "../issuers/github.ts";
import { startGoogle } from "../issuers/google.ts";
import { startGoogleService } from "../issuers/google-service.ts";
import { startSentry } from "../issuers/sentry.ts";
import type { Server } from "../issuers/server.ts";
import { publicKey, RSA_KEY } from "../support/keys.ts";
import { shell } from "../support/shell.ts";

const page = await Bun.file(new URL("../../docs/coming-from.md", import.meta.url)).text();

interface Row {
  readonly command: string;
  /** What the page says is printed on stdout. */
  readonly prints: string;
}

/** Our side of a section's table. */
function rowsOf(heading: string): Row[] {
  const section = page.split(`\n## From \`${heading}\`\n`)[1]?.split("\n## ")[0] ?? "";
  return [...section.matchAll(/^\| `.+?` \| `(.+)` \| (.+) \|$/gm)].map(([, ours = "", prints = ""]) => ({
    command: ours.replaceAll("\\|", "|"),
    prints,
  }));
}

/** What each word of the third column means: nothing else may be on stdout. */
const PRINTS: Readonly<Record<string, RegExp>> = {
  nothing: /^$/,
  "the token": /^[\w.~+/=-]{20,}\n$/,
  "the command's output": /^[\w.~+/=-]{20,}\n$/,
  "the account": /^\S.*\n$/,
  "the account, the state": /Authenticated as|Status/,
  "the connections": /^CONNECTION .*\n\S/,
  "the providers": /^ID .*\n\S|github/,
  "the events": /login/,
  "the claims": /^\S.*/,
  "the settings": /entra:prod/,
  JSON: /^[[{].*[\]}]\n$/s,
};

const servers: Server[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

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
      for (const { command, prints } of rows) {
        const { code, stdout, stderr } = await at.run(command);
        expect({ command, code, stderr }).toEqual({ command, code: 0, stderr: expect.not.stringContaining("Error:") });
        const wanted = PRINTS[prints];
        if (wanted === undefined) throw new Error(`the page says that '${command}' prints '${prints}'`);
        expect({ command, stdout }).toEqual({ command, stdout: expect.stringMatching(wanted) });
        if (prints === "JSON") JSON.parse(stdout);
      }
    }, 120_000);
  });

test("git gets the token from the helper of the page", async () => {
  const at = TOOLS["gh auth"]?.();
  const row = rowsOf("gh auth").find(({ command }) => command.startsWith("git config"))?.command ?? "";
  expect(row).toContain("auth helper git");
  // The login is at a local issuer: that it is for github.com has to be said here.
  const helper = row.replace("auth helper git", "auth helper git github --origin https://github.com");
  const asked = `${helper} && printf 'protocol=https\\nhost=github.com\\n\\n' | GIT_TERMINAL_PROMPT=0 git credential fill`;
  expect((await at?.run(asked))?.stdout).not.toContain("password=");
  expect((await at?.run("auth login github"))?.code).toBe(0);
  const filled = await at?.run(`${helper} && printf 'protocol=https\\nhost=github.com\\n\\n' | git credential fill`);
  expect(filled?.stdout).toMatch(/username=\S+\npassword=ghu_/);
});

test("every tool of the page is tried", () => {
  const headings = [...page.matchAll(/^## From `(.+)`$/gm)].map(([, name]) => name ?? "");
  expect(headings.sort()).toEqual(Object.keys(TOOLS).sort());
});
