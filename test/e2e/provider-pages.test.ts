/** The examples on the pages of docs/providers work: each login of each page, and what the page does with it, is run. */
import { afterAll, describe, expect, test } from "bun:test";
import { startEntra } from "../issuers/entra.ts";
import { startEntraApp } from "../issuers/entra-app.ts";
import { startGithub } from "../issuers/github.ts";
import { startGithubApp } from "../issuers/github-app.ts";
import { startGoogle } from "../issuers/google.ts";
import { startGoogleService } from "../issuers/google-service.ts";
import { startSentry } from "../issuers/sentry.ts";
import { startSentryApp } from "../issuers/sentry-app.ts";
import type { Server } from "../issuers/server.ts";
import { EC_KEY, publicKey, RSA_KEY } from "../support/keys.ts";
import { shell } from "../support/shell.ts";

const servers: Server[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

function started<T extends { server: Server }>(issuer: T): T {
  servers.push(issuer.server);
  return issuer;
}

interface Stage {
  readonly at: ReturnType<typeof shell>;
  /** What replaces `<name>` on the page, and what goes along with every login. */
  readonly values?: Readonly<Record<string, string>>;
  /** What a login with `-` reads from standard input. */
  readonly stdin?: (line: string) => string;
}

const SOON = { approve: true, interval: 1 };

/** The others are played elsewhere: azure-devops in codes.test.ts, oidc in registration.test.ts, at the real issuer. */
const STAGES: Readonly<Record<string, () => Stage>> = {
  github: () => {
    const people = started(startGithub(SOON));
    const app = started(startGithubApp({ publicKey: publicKey(RSA_KEY) }));
    const places = [
      { when: "*--key*", endpoints: app.endpoints, env: [`AUTH_GITHUB_CLIENT_ID=${app.clientId}`] },
      { when: "*", endpoints: people.endpoints },
    ];
    const env = { AUTH_GITHUB_CLIENT_ID: people.clientId, AUTH_GITHUB_CLIENT_SECRET: people.clientSecret };
    const values = { file: "key.pem", installation: app.installation };
    return { at: shell(places, env, { "key.pem": RSA_KEY }), values, stdin: () => `ghp_${"a1B2".repeat(9)}` };
  },
  google: () => {
    const people = started(startGoogle(SOON));
    const service = started(startGoogleService({ publicKey: publicKey(RSA_KEY) }));
    service.state.trusted.add("subject.jwt.1");
    const client = ({ id, secret }: { id: string; secret: string }) => [
      `AUTH_GOOGLE_CLIENT_ID=${id}`,
      `AUTH_GOOGLE_CLIENT_SECRET=${secret}`,
    ];
    const places = [
      { when: "*--key*|*--subject-token*", endpoints: service.endpoints },
      { when: "*device*", endpoints: people.endpoints, env: client(people.tv) },
      { when: "*", endpoints: people.endpoints, env: client(people.desktop) },
    ];
    const audience = "//iam.googleapis.com/projects/123456/locations/global/workloadIdentityPools/ci/providers/repo";
    // The CI's own endpoint is played in minting.test.ts.
    const values = { file: "key.json", audience, "github-actions": "file:subject.jwt" };
    const files = { "key.json": service.keyFile(RSA_KEY), "subject.jwt": "subject.jwt.1" };
    return { at: shell(places, { DISPLAY: ":none" }, files), values, stdin: () => "ya29.a-token" };
  },
  sentry: () => {
    const { endpoints, publicClient } = started(startSentry(SOON));
    return {
      at: shell([{ when: "*", endpoints }], { SENTRY_CLIENT_ID: publicClient.id }),
      stdin: () => `sntryu_${"0123abcd".repeat(8)}`,
    };
  },
  "sentry-app": () => {
    const issuer = started(startSentryApp());
    const env = { AUTH_SENTRY_APP_CLIENT_ID: issuer.client.id, AUTH_SENTRY_APP_CLIENT_SECRET: issuer.client.secret };
    const values = { installation: issuer.installation };
    return { at: shell([{ when: "*", endpoints: issuer.endpoints }], env), values, stdin: () => issuer.install() };
  },
  entra: () => {
    const people = started(startEntra(SOON));
    const app = started(startEntraApp({ publicKey: publicKey(RSA_KEY), thumbprint: "" }));
    const places = [
      { when: "*client-credentials*", endpoints: app.endpoints, env: [`AZURE_CLIENT_ID=${app.client.id}`] },
      { when: "*", endpoints: people.endpoints },
    ];
    const env = { AZURE_CLIENT_ID: people.publicClient.id, DISPLAY: ":none" };
    return { at: shell(places, env), stdin: (line) => (line.includes("secret") ? app.client.secret : "eyJ0.eyJ1.x") };
  },
  appstoreconnect: () => ({
    at: shell([{ when: "none", endpoints: {} }], {}, { "AuthKey.p8": EC_KEY }),
    values: { file: "AuthKey.p8", "key-id": "2X9R4HXF34" },
  }),
  apikey: () => ({
    at: shell([{ when: "none", endpoints: {} }], {}),
    values: { name: "openai" },
    stdin: () => "sk-a-key",
  }),
};

for (const [id, start] of Object.entries(STAGES))
  describe(id, async () => {
    const page = await Bun.file(new URL(`../../docs/providers/${id}.md`, import.meta.url)).text();
    const lines = /## Log in\n\n```sh\n([\s\S]*?)\n```/.exec(page)?.[1]?.split("\n") ?? [];

    test(`its ${lines.length} examples work, in order`, async () => {
      expect(lines.length).toBeGreaterThan(2);
      const { at, values = {}, stdin = () => "" } = start();
      let logins = 0;
      for (const line of lines) {
        let command = line.replace(/<([a-z-]+)>/g, (_, name: string) =>
          name === "command" ? "printenv PATH" : (values[name] ?? `<${name}>`),
        );
        for (const [name, value] of Object.entries(values))
          if (name === "github-actions") command = command.replace(name, value);
        // Each login of the page under a name of its own, but for the first, which the last lines use.
        if (line.startsWith("auth login") && logins++ > 0) command += ` -p example-${logins}`;
        const { code, stdout, stderr } = await at.run(command, stdin(line));
        expect({ command, code, stderr: code === 0 ? "" : stderr }).toEqual({ command, code: 0, stderr: "" });
        if (!line.startsWith("auth login"))
          expect({ command, stdout }).toEqual({ command, stdout: expect.stringMatching(/\S/) });
      }
    }, 60_000);
  });
