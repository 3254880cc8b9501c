/**
 * A command in a message is there to be pasted. A provider chooses some of its words (scopes that it grants, the id of a
 * client that it registers): none of them runs, redirects or expands in the shell that the command is pasted into.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { json, type Server, serve } from "../issuers/server.ts";
import { errorOf } from "../support/logged-in.ts";
import { lacking } from "../support/needs.ts";
import { auth, bareEnvironment, run, tempFolder } from "../support/program.ts";

const DEVICE = "urn:ietf:params:oauth:grant-type:device_code";
/** RFC 6749 §3.3 and appendix A.1 allow each of these characters in a scope and in a client's id. */
const SCOPE = "$(touch$" + "{IFS}PWNED)";
const CLIENT = "x>PWNED";

let server: Server;
let refuses: string | null = null;

/** Grants a scope, and registers a client, that a shell would take for more than a word. */
beforeAll(() => {
  server = serve((url) => ({
    "GET /.well-known/openid-configuration": () =>
      json({
        issuer: url,
        authorization_endpoint: `${url}/authorize`,
        token_endpoint: `${url}/token`,
        device_authorization_endpoint: `${url}/device`,
        registration_endpoint: `${url}/register`,
        jwks_uri: `${url}/jwks`,
        grant_types_supported: ["refresh_token", DEVICE],
        token_endpoint_auth_methods_supported: ["none"],
      }),
    "POST /register": ({ json: asked }) =>
      json(
        {
          client_id: CLIENT,
          token_endpoint_auth_method: "none",
          grant_types: [DEVICE, "refresh_token"],
          redirect_uris: asked?.redirect_uris,
        },
        201,
      ),
    "POST /device": () =>
      json({ device_code: "d", user_code: "AAAA", verification_uri: `${url}/go`, interval: 1, expires_in: 300 }),
    "POST /token": () =>
      refuses === null
        ? json({
            access_token: crypto.randomUUID(),
            refresh_token: crypto.randomUUID(),
            token_type: "Bearer",
            expires_in: 3600,
            scope: `read ${SCOPE}`,
          })
        : json({ error: refuses }, 401),
  }));
});
afterAll(() => server.stop());

const SHELLS = (["sh", "bash", "zsh", "fish"] as const).filter((shell) => shell === "sh" || !lacking(shell));

/** Pastes the command into each shell, with an `auth` that only says what it was called with. */
async function pasted(command: string): Promise<string[][]> {
  const bin = join(tempFolder(), "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "auth"), `#!/bin/sh\nfor word; do printf '%s\\n' "$word"; done\n`);
  chmodSync(join(bin, "auth"), 0o755);
  return Promise.all(
    SHELLS.map(async (shell) => {
      const cwd = tempFolder();
      const env = bareEnvironment({ PATH: `${bin}:${process.env.PATH}` });
      const { stdout } = await run([shell, "-c", command], { cwd, env });
      expect({ shell, left: readdirSync(cwd), ran: existsSync(join(cwd, "PWNED")) }).toEqual({
        shell,
        left: [],
        ran: false,
      });
      return stdout.trimEnd().split("\n");
    }),
  );
}

async function loggedIn(): Promise<{ env: Record<string, string>; connection: string }> {
  refuses = null;
  const env = bareEnvironment();
  const { code, stderr } = await auth(["login", server.url, "--flow", "device", "--quiet"], { env });
  if (code !== 0) throw new Error(stderr);
  return { env, connection: `oidc:127.0.0.1-${new URL(server.url).port}` };
}

/** The command of a hint that begins so. */
function commandIn(hint: unknown, start: string): string {
  const [command] = new RegExp(`${start}[^\\n]*?(?=\\), then|$)`, "m").exec(String(hint)) ?? [];
  if (command === undefined) throw new Error(`no ${start}: ${hint}`);
  return command;
}

describe("a printed command, pasted", () => {
  test("attack: a granted scope that is a command", async () => {
    const { env, connection } = await loggedIn();
    const ended = await auth(["token", connection, "--scope", "write", "--json"], { env });
    expect(errorOf(ended).code).toBe("login_required");
    for (const words of await pasted(commandIn(errorOf(ended).hint, "auth login")))
      expect(words).toEqual(["login", connection, "--force", "--scope", `read,${SCOPE},write`]);
  });

  test("attack: a registered client's id that is a redirection", async () => {
    const { env, connection } = await loggedIn();
    // The issuer's page sends no answer back: the error names the command that forgets the client.
    const ended = await auth(["login", connection, "--flow", "browser", "--timeout", "1", "--force", "--json"], {
      env,
    });
    expect(errorOf(ended).code).toBe("login_timeout");
    const wanted = ["client", "remove", "oidc", "--client-id", CLIENT, "--force"];
    for (const words of await pasted(commandIn(errorOf(ended).hint, "auth client remove")))
      expect(words).toEqual(wanted);
    refuses = "invalid_client";
    const { stderr } = await auth(["refresh", connection, "--force"], { env });
    expect(stderr).toContain(`auth login ${connection}`);
  });

  test("attack: a resource that is a command", async () => {
    const { env, connection } = await loggedIn();
    const resource = `https://api.example/${SCOPE}`;
    const ended = await auth(["token", connection, "--resource", resource, "--json"], { env });
    expect(errorOf(ended).code).toBe("login_required");
    for (const words of await pasted(commandIn(errorOf(ended).hint, "auth login"))) expect(words.at(-1)).toBe(resource);
  });

  test("attack: a pasted token whose host is a command", async () => {
    const host = "$(touch$" + "{IFS}PWNED)";
    const token = `sntrys_${btoa(JSON.stringify({ url: `https://${host}` }))}_x`;
    const ended = await auth(["login", "sentry", "--token", "-", "--json"], { env: bareEnvironment(), stdin: token });
    expect(errorOf(ended).code).toBe("origin_mismatch");
    for (const words of await pasted(commandIn(errorOf(ended).hint, "auth login"))) {
      expect(words.slice(0, 3)).toEqual(["login", "sentry", "-p"]);
      // As a URL spells it.
      expect(words[words.indexOf("--host") + 1]).toBe(new URL(`https://${host}`).host);
    }
  });

  test("attack: a program's name that is a command", async () => {
    refuses = null;
    const env = bareEnvironment();
    for (const name of ["a", "b"])
      await auth(["login", server.url, "-p", name, "--flow", "device", "--quiet"], { env });
    const ended = await auth(["run", "--json", "--", SCOPE], { env });
    const error = JSON.parse(ended.stderr.split("\n").find((line) => line.startsWith("{")) ?? "{}").error;
    expect(error?.code).toBe("nothing_to_inject");
    for (const words of await pasted(commandIn(error.hint, "auth run").replace(/ …$/, "")))
      expect(words.at(-1)).toBe(SCOPE);
  });
});
