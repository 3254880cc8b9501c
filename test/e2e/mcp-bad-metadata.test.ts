/** MCP servers and issuers that are broken, hostile or of another age: nothing is sent where it doesn't belong. */
import { afterAll, describe, expect, test } from "bun:test";
import { type McpOptions, McpServer } from "../issuers/mcp.ts";
import { visit } from "../support/browser-login.ts";
import { errorOf } from "../support/logged-in.ts";
import { AUTH, auth, bareEnvironment } from "../support/program.ts";

const servers: McpServer[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

function start(options: McpOptions = {}): McpServer {
  const server = new McpServer(options);
  servers.push(server);
  return server;
}

interface Failed {
  readonly code: number | null;
  readonly error: Record<string, unknown>;
}

/** A login that comes to no end by itself, up to the page where a person approves. */
async function failure(server: McpServer): Promise<Failed> {
  const ended = await auth(["login", server.url, "--json", "--no-browser", "--timeout", "1"]);
  return { code: ended.code, error: errorOf(ended) };
}

/** A login whose authorization page is visited. */
async function answered(server: McpServer): Promise<Failed & { readonly stderr: string }> {
  const env = bareEnvironment();
  const command = [AUTH, "login", server.url, "--json", "--no-browser"];
  const child = Bun.spawn(command, { env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  for await (const chunk of child.stdout) {
    const event = JSON.parse(new TextDecoder().decode(chunk).split("\n", 1)[0] ?? "{}") as Record<string, unknown>;
    if (event.event === "authorize") await visit(String(event.url));
  }
  await child.exited;
  const stderr = await child.stderr.text();
  return { code: child.exitCode, error: errorOf({ stdout: "", stderr, code: child.exitCode, signal: null }), stderr };
}

describe("metadata of an MCP server", () => {
  test.each<[string, McpOptions, string]>([
    ["another API", { metadata: { resource: "https://evil.example/mcp" } }, "it is about another API"],
    ["an API beside it", { metadata: { resource: "http://127.0.0.1:1/mcp" } }, "it is about another API"],
    ["no API at all", { metadata: { resource: 7 } }, "resource"],
    ["no authorization server", { metadata: { authorization_servers: [] } }, "it names no authorization server"],
    ["a list that is none", { metadata: { authorization_servers: "https://a.example" } }, "authorization_servers"],
    ["plain http", { metadata: { authorization_servers: ["http://as.example"] } }, "is http"],
    ["a file", { metadata: { authorization_servers: ["file:///etc/passwd"] } }, "is not an https URL"],
    ["a user in it", { metadata: { authorization_servers: ["https://a@b.example"] } }, "has a user name"],
    ["no JSON", { metadataText: "<html>sign in</html>" }, "is no JSON"],
    ["10 MB", { metadataText: "x".repeat(10_000_000) }, "could not be fetched (reply too large"],
    ["plain http for itself", { challenge: 'Bearer resource_metadata="http://mcp.example/x"' }, "is http"],
    ["nothing where its challenge says", { challenge: 'Bearer resource_metadata="{metadata}x"' }, "there is none"],
  ])("that names %s: exit 5, nothing registered", async (_, options, words) => {
    const server = start(options);
    const { code, error } = await failure(server);
    expect([code, error.message]).toEqual([5, expect.stringContaining(words)]);
    expect([server.issuer.seen, server.issuer.registrations]).toEqual([[], []]);
  });

  test("a server that refuses for ever, and says nothing of who gives tokens", async () => {
    const { code, error } = await failure(start({ challenge: null, metadataAt: null }));
    expect([code, error.message]).toEqual([5, expect.stringContaining("doesn't say who gives it")]);
  });

  test("a server that takes no tokens is no issuer either", async () => {
    const { code, error } = await failure(start({ open: true, metadataAt: null }));
    expect([code, error.message]).toEqual([5, expect.stringContaining("publishes no OAuth metadata")]);
  });
});

describe("metadata of its authorization server", () => {
  test.each<[string, McpOptions["issuerMetadata"], string]>([
    ["another issuer", { issuer: "https://attacker.example" }, "says that it is another issuer"],
    ["no PKCE", { code_challenge_methods_supported: undefined }, "PKCE by S256"],
    ["PKCE by plain alone", { code_challenge_methods_supported: ["plain"] }, "PKCE by S256"],
    ["a token endpoint by http", { token_endpoint: "http://as.example/token" }, "must be https"],
    ["a registration by http", { registration_endpoint: "http://as.example/register" }, "must be https"],
  ])("that names %s: exit 5, nothing registered", async (_, issuerMetadata, words) => {
    const server = start({ issuerMetadata: { ...issuerMetadata } });
    const { code, error } = await failure(server);
    expect([code, error.message]).toEqual([5, expect.stringContaining(words)]);
    expect(server.issuer.registrations).toEqual([]);
  });

  test("an issuer that registers no one: exit 6, with the redirect that its page has to be given", async () => {
    const { code, error } = await failure(start({ issuerMetadata: { registration_endpoint: undefined } }));
    expect([code, error.code]).toEqual([6, "client_missing"]);
    expect(String(error.hint)).toContain("http://127.0.0.1:28840/callback");
    expect(String(error.hint)).toContain("--client-id");
    expect(String(error.hint)).not.toContain("AUTH_MCP_CLIENT");
  });
});

/** RFC 9207 §2.4, by simple comparison. */
describe("the issuer's name in an answer", () => {
  const wrong: [string, McpOptions][] = [
    ["missing, though it is promised", { iss: null }],
    ["another's", { iss: "https://attacker.example" }],
    [
      "there, though it isn't promised, and another's",
      { iss: "https://attacker.example", issuerMetadata: { authorization_response_iss_parameter_supported: false } },
    ],
  ];
  test.each(wrong)("%s: refused, and the code goes nowhere", async (_, options) => {
    const server = start(options);
    const { code, error } = await answered(server);
    expect([code, error.code]).toEqual([7, "access_denied"]);
    expect(server.issuer.to("/token")).toEqual([]);
  });

  test("with a slash more: refused", async () => {
    const server = start({ iss: "http://127.0.0.1/" });
    const { error } = await answered(server);
    expect(error.code).toBe("access_denied");
  });

  test("another's, in an answer that is an error: its words are not shown", async () => {
    const server = start({ iss: "https://attacker.example", refusal: "Call 555-0100 to go on" });
    const { code, stderr } = await answered(server);
    expect(code).toBe(7);
    expect(stderr).not.toContain("555-0100");
  });
});

describe("auth token --challenge -", () => {
  test.each<[string, string | Uint8Array]>([
    ["nothing", ""],
    ["garbage", '\u{1F4A9}=""",,,;;'],
    ["no bearer", "Basic realm=x"],
    ["a NUL", 'Bearer error="a\0b"'],
    ["an escape sequence", 'Bearer error="\u001b[2J"'],
    ["64 KiB and more", `Bearer scope="${"x".repeat(70_000)}"`],
    ["bytes that are no text", new Uint8Array([0xff, 0xfe, 0x00, 0x01])],
  ])("%s on standard input: 64, stdout empty", async (_, stdin) => {
    const ended = await auth(["token", "mcp:any", "--challenge", "-"], { stdin });
    expect([ended.code, ended.stdout]).toEqual([64, ""]);
  });

  test("a token in the environment can't be stepped up: 4, and no value is shown", async () => {
    const env = bareEnvironment({ GITHUB_TOKEN: "ghp_notatoken" });
    const stdin = 'Bearer error="insufficient_scope", scope="repo"';
    const ended = await auth(["token", "github", "--challenge", "-", "--json"], { env, stdin });
    expect([ended.code, errorOf(ended).code]).toEqual([4, "insufficient_scope"]);
    expect(ended.stderr).not.toContain("ghp_notatoken");
  });

  test("another value than -: 64", async () => {
    expect((await auth(["token", "mcp:any", "--challenge", "Bearer"])).code).toBe(64);
  });
});
