/** Programs that are handed a token by a command of auth's (docs/recipes.md): the real ones where Debian has them. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CERTIFICATES } from "../platform/certificates.ts";
import { inPostgres, startPostgres } from "../support/databases.ts";
import { lacking } from "../support/needs.ts";
import { type Ended, run, tempFolder } from "../support/program.ts";
import { pathWithAuth, recipe } from "../support/recipes.ts";
import { serveSmtp } from "../support/smtp-server.ts";
import { credentialsOf, startTokenHost, type TokenHost } from "../support/token-host.ts";

let host: TokenHost;
let folder: string;
/** What the API answers to whoever has a token that lives. */
let reply: (request: Request) => Response;

beforeEach(async () => {
  reply = () => new Response("welcome\n");
  host = startTokenHost((request, { ownerOf }) =>
    ownerOf(credentialsOf(request)?.token ?? null) === null ? new Response("who?", { status: 401 }) : reply(request),
  );
  folder = tempFolder();
  await host.logIn("work");
});
afterEach(() => host.stop());

async function sh(script: string, more: Record<string, string> = {}, stdin = ""): Promise<Ended> {
  const env = { ...host.env, PATH: pathWithAuth(), ...more };
  return run(["sh", "-e", "-c", script], { env, cwd: folder, stdin });
}

const token = (): string => host.issued.at(-1)?.token ?? "";

test("any program: each form has the token; a file of references hands it over", async () => {
  const github = { GH_TOKEN: "hub-token" };
  const lines = recipe("Any program", 0, { "make release": "printenv GH_TOKEN", "./worker": "true" });
  const { code, stdout } = await sh(lines.replace("auth run github --fresh -- true", ""), github);
  expect(code).toBe(0);
  expect(stdout).toStartWith("hub-token\nAuthorization: Bearer hub-token\n{\n");
  const file = await sh(recipe("Any program", 1, {}), github);
  expect([file.code, file.stdout]).toEqual([0, "3000\n"]);
});

test.skipIf(lacking("curl"))("curl: both ways", async () => {
  const at = {
    "https://api.github.com": host.url,
    "curl github": `curl ${host.url}`,
    "token github": `token ${host.url}`,
  };
  const { code, stdout } = await sh(recipe("curl", 0, at));
  expect([code, stdout]).toEqual([0, "welcome\nwelcome\n"]);
});

test("curl: the page names every option that is taken", async () => {
  const { readCurlArguments } = await import("../../src/inject/curl-options.ts");
  const page = readFileSync(join(import.meta.dir, "..", "..", "docs", "recipes.md"), "utf8");
  const [, list = ""] = /Of curl's options it takes:\n\n([\s\S]*?)\n\n/.exec(page) ?? [];
  const named = [...list.matchAll(/`(--[a-z0-9.-]+)`/g)].map(([, name]) => name ?? "");
  expect(named.length).toBeGreaterThan(30);
  const taken = (name: string): boolean => {
    for (const args of [[name], [name, "GET"], [name, "A: b"]])
      try {
        const more = name === "--url" ? [] : ["https://a.example"];
        if (readCurlArguments([...args, ...more]).url !== "") return true;
      } catch {}
    return false;
  };
  expect(named.filter((name) => !taken(name))).toEqual([]);
  const source = readFileSync(join(import.meta.dir, "..", "..", "src", "inject", "curl-options.ts"), "utf8");
  const [, tables = ""] = /const SWITCHES[^=]*= ([\s\S]*?)\n\/\*\* Their values/.exec(source) ?? [];
  const known = [...tables.matchAll(/"?([a-z0-9.-]+)"?: "[A-Za-z0-9#]?"/g)].map(([, name]) => `--${name}`);
  expect(known.sort()).toEqual([...named].sort());
});

describe.skipIf(lacking("rclone"))("rclone", () => {
  const listing = (request: Request): Response => {
    const { pathname } = new URL(request.url);
    const entry = (path: string, type: string): string =>
      `<d:response><d:href>${path}</d:href><d:propstat><d:status>HTTP/1.1 200 OK</d:status><d:prop>${type}<d:getcontentlength>5</d:getcontentlength></d:prop></d:propstat></d:response>`;
    const folderOf = entry(pathname, "<d:resourcetype><d:collection/></d:resourcetype>");
    const body = `<?xml version="1.0"?><d:multistatus xmlns:d="DAV:">${folderOf}${entry(`${pathname.replace(/\/$/, "")}/one.txt`, "<d:resourcetype/>")}</d:multistatus>`;
    return new Response(body, { status: 207, headers: { "content-type": "application/xml" } });
  };

  test("lists by a token that it gets itself, and again after it has ended", async () => {
    reply = listing;
    host.lifetime = 2;
    await host.logIn("work");
    const at = { "https://dav.example/files": `${host.url}/files/`, "https://login.example": host.url };
    const first = await sh(recipe("rclone", 0, at));
    expect(first).toMatchObject({ code: 0 });
    expect(first.stdout).toEndWith("one.txt\n");
    const before = token();
    await Bun.sleep(2_100);
    const second = await sh("rclone lsf drive:");
    expect([second.code, second.stdout]).toEqual([0, "one.txt\n"]);
    expect(token()).not.toBe(before);
  }, 60_000);
});

test.skipIf(lacking("restic"))(
  "restic: the repository's password is an API key, which is typed once",
  async () => {
    const at = { "/srv/backup": join(folder, "backup") };
    const { code, stdout } = await sh(recipe("restic", 0, at), {}, "correct horse\n");
    expect(code).toBe(0);
    expect(stdout).toContain("created restic repository");
    const wrong = await sh(`restic -r ${at["/srv/backup"]} snapshots`, { RESTIC_PASSWORD_COMMAND: "echo wrong" });
    expect(wrong.code).not.toBe(0);
  },
  60_000,
);

test.skipIf(lacking("msmtp"))("msmtp: the token is the password, by XOAUTH2", async () => {
  const server = serveSmtp();
  try {
    const at = {
      "smtp.example": "127.0.0.1",
      "465": String(server.port),
      "tls\ton": "tls\toff",
      "https://login.example": host.url,
    };
    expect(await sh(recipe("msmtp", 0, at))).toMatchObject({ code: 0 });
    expect(server.logins).toEqual([`user=me@example.org\u0001auth=Bearer ${token()}\u0001\u0001`]);
    expect(server.mails[0]).toContain("It works.");
  } finally {
    server.stop();
  }
});

test.skipIf(lacking("mutt"))("mutt: the token is the password, by XOAUTH2", async () => {
  const server = serveSmtp();
  try {
    const settings = recipe("mutt and mbsync", 0, { "https://login.example": host.url });
    const place = `set smtp_url=smtp://me@127.0.0.1:${server.port}/ ssl_force_tls=no ssl_starttls=no copy=no\n`;
    writeFileSync(join(folder, "muttrc"), `${settings}${place}set from=me@example.org\n`);
    const send = "echo 'It works.' | mutt -F muttrc -s hello you@example.org";
    expect(await sh(send, { TERM: "dumb" })).toMatchObject({ code: 0 });
    expect(server.logins).toEqual([`user=me\u0001auth=Bearer ${token()}\u0001\u0001`]);
    expect(server.mails[0]).toContain("It works.");
  } finally {
    server.stop();
  }
});

test.skipIf(lacking("psql", "postgres"))(
  "psql: the token is the password, over TLS",
  async () => {
    const server = await startPostgres({ tls: CERTIFICATES.good });
    try {
      await inPostgres(server, `create role "me@example.org" login password '${token()}'`);
      await inPostgres(server, "create database app");
      const at = { "entra:db": host.url, "db.example": `localhost port=${server.port} gssencmode=disable` };
      const line = recipe("psql", 0, at);
      writeFileSync(join(folder, "ca.pem"), CERTIFICATES.good.cert);
      const more = { PGSSLROOTCERT: join(folder, "ca.pem") };
      const asked = await sh(`echo 'select current_user' | ${line.trim()} -At`, more);
      expect(asked).toMatchObject({ code: 0, stdout: "me@example.org\n" });
      expect((await sh(`${line.replace(/^auth run .* -- /, "").trim()} -w`, more)).code).not.toBe(0);
    } finally {
      await server.stop();
    }
  },
  60_000,
);

describe("by their documented calls", () => {
  /** Runs a command as the program's documentation says that it does. */
  const answered = async (command: string, more: Record<string, string> = {}): Promise<string> => {
    const { code, stdout, stderr } = await sh(command, more);
    expect({ command, code, stderr }).toEqual({ command, code: 0, stderr: "" });
    return stdout;
  };

  test("Claude Code: a key on stdout; headers as a JSON object of texts", async () => {
    await sh("auth login apikey:anthropic --token - -q", {}, "sk-1");
    const { apiKeyHelper } = JSON.parse(recipe("Claude Code", 0, {}));
    expect(await answered(apiKeyHelper)).toBe("sk-1\n");
    const { mcpServers } = JSON.parse(recipe("Claude Code", 1, { "https://login.example": host.url }));
    const headers = JSON.parse(
      await answered(mcpServers.things.headersHelper, { CLAUDE_CODE_MCP_SERVER_URL: "https://mcp.example" }),
    );
    expect(headers).toEqual({ Authorization: `Bearer ${token()}` });
  });

  test("Codex: a command with its arguments, a line for headers", async () => {
    const config = Bun.TOML.parse(recipe("Codex", 0, { "https://login.example": host.url })) as {
      model_providers: { gateway: { auth: { command: string; args: string[] } } };
      mcp_servers: { things: { http_headers_helper: string } };
    };
    const { command, args } = config.model_providers.gateway.auth;
    const { stdout } = await run([command, ...args], { env: { ...host.env, PATH: pathWithAuth() } });
    expect(stdout.trim()).toBe(token());
    expect(JSON.parse(await answered(config.mcp_servers.things.http_headers_helper))).toEqual({
      Authorization: `Bearer ${token()}`,
    });
  });

  test("Docker sandboxes and mise: the token on stdout, whatever their environment", async () => {
    for (const section of ["Docker sandboxes", "mise"]) {
      const [, command = ""] = /'(auth [^']*)'/.exec(recipe(section, 0, {})) ?? [];
      const more = { GH_TOKEN: "hub-token", MISE_CREDENTIAL_HOST: "github.com", MISE_CREDENTIAL_PROVIDER: "github" };
      expect(await answered(command, more)).toBe("hub-token\n");
    }
  });

  test("NuGet: the variable of its configuration is the token", async () => {
    const [, variable = ""] = /"%(\w+)%"/.exec(recipe("NuGet", 0, {})) ?? [];
    const line = recipe("NuGet", 1, { "dotnet restore": `printenv ${variable}` });
    expect((await sh(line)).stdout).toBe(`${token()}\n`);
  });

  test("mbsync: the token on stdout", async () => {
    const text = recipe("mutt and mbsync", 1, { "https://login.example": host.url });
    const [, command = ""] = /"(auth [^"]*)"/.exec(text) ?? [];
    expect((await answered(command)).trim()).toBe(token());
  });
});
