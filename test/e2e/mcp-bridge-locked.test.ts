/** `auth mcp <url>` where the vault's key isn't in the client's environment: by the agent, else an error for each request. */
import { afterAll, describe, expect, test } from "bun:test";
import { type McpOptions, McpServer } from "../issuers/mcp.ts";
import { PASSPHRASE } from "../support/agent-home.ts";
import { loginByBrowser } from "../support/browser-login.ts";
import { succeeded } from "../support/home.ts";
import { BridgeClient, RpcFailure } from "../support/mcp-client.ts";
import { auth, bareEnvironment } from "../support/program.ts";

const stops: (() => Promise<unknown>)[] = [];
afterAll(() => Promise.all(stops.map((stop) => stop())));

interface Home {
  readonly server: McpServer;
  /** Without the passphrase, as a client has it. */
  readonly env: Record<string, string>;
  readonly withKey: Record<string, string>;
}

/** A login at a server, in a vault that a passphrase opens. */
async function home(options: McpOptions = {}): Promise<Home> {
  const server = new McpServer(options);
  const env = bareEnvironment();
  const withKey = { ...env, AUTH_PASSPHRASE: PASSPHRASE };
  stops.push(async () => {
    await auth(["agent", "stop"], { env });
    await server.stop();
  });
  await succeeded(auth(["vault", "init", "--key", "passphrase"], { env: withKey }));
  await loginByBrowser(["login", server.url, "--json", "--no-browser"], withKey);
  return { server, env, withKey };
}

function bridge(url: string, env: Record<string, string>): BridgeClient {
  const client = new BridgeClient(url, env);
  stops.push(() => client.close());
  return client;
}

async function refusal(asked: Promise<unknown>): Promise<RpcFailure["error"]> {
  const error = await asked.then(
    () => null,
    (one: unknown) => one,
  );
  if (error instanceof RpcFailure) return error.error;
  throw new Error(`not refused: ${error}`);
}

const LISTED = { tools: [] };

describe("a vault that a passphrase opens, and a client that doesn't have it", () => {
  test("the bridge goes by the agent that is unlocked, a refused token's refresh too", async () => {
    const { server, env, withKey } = await home({ lifetime: 2 });
    await succeeded(auth(["agent", "start"], { env: withKey }));
    const client = bridge(server.url, env);
    expect(await client.request("tools/list")).toEqual(LISTED);
    await Bun.sleep(300);
    server.issuer.expireAll();
    expect(await client.request("tools/list")).toEqual(LISTED);
    expect(await client.close()).toBe(0);
  });

  test("without one each request is answered by the command that unlocks it, and goes on after that", async () => {
    const { server, env, withKey } = await home();
    const client = bridge(server.url, env);
    for (const _ of [1, 2]) {
      const { code, message, data } = await refusal(client.request("tools/list"));
      expect([code, data?.code, data?.hint]).toEqual([
        401,
        "vault_locked",
        "Unlock it in a terminal, then ask again: auth agent start",
      ]);
      expect(message).toContain("passphrase");
    }
    await succeeded(auth(["agent", "start"], { env: withKey }));
    expect(await client.request("tools/list")).toEqual(LISTED);
    await succeeded(auth(["agent", "lock"], { env }));
    expect((await refusal(client.request("tools/list"))).data?.code).toBe("vault_locked");
    expect(await client.close()).toBe(0);
  });

  test("a login that is needed is named as a command: the agent stores none", async () => {
    const { server, env, withKey } = await home();
    await succeeded(auth(["agent", "start"], { env: withKey }));
    await succeeded(auth(["logout", server.url, "--yes"], { env: withKey }));
    const { data } = await refusal(bridge(server.url, env).request("tools/list"));
    expect([data?.code, data?.hint]).toEqual([
      "login_required",
      `Log in in a terminal, then ask again: auth login ${server.url}`,
    ]);
    expect(server.issuer.to("/authorize")).toHaveLength(1);
  });

  test("a token that is bound to a key needs the vault's own: with it proofs are made, without it the error says so", async () => {
    const proofs: (string | null)[] = [];
    const { server, env, withKey } = await home({
      bound: true,
      handler: async (request) => {
        proofs.push(request.headers.get("dpop"));
        const { id } = (await request.json()) as { id: number };
        return Response.json({ jsonrpc: "2.0", id, result: LISTED });
      },
    });
    await succeeded(auth(["agent", "start"], { env: withKey }));
    expect(await bridge(server.url, withKey).request("tools/list")).toEqual(LISTED);
    expect(proofs).toEqual([expect.stringMatching(/^ey/)]);
    const { message, data } = await refusal(bridge(server.url, env).request("tools/list"));
    expect([data?.code, message]).toEqual(["token_rejected", expect.stringContaining("bound to a key")]);
    expect(proofs).toHaveLength(1);
  });
});

test("a vault whose AUTH_KEY isn't in the client's environment: each request is answered by what to set", async () => {
  const server = new McpServer();
  const env = bareEnvironment();
  stops.push(() => server.stop());
  const AUTH_KEY = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64");
  await loginByBrowser(["login", server.url, "--json", "--no-browser"], { ...env, AUTH_KEY });
  const client = bridge(server.url, env);
  const { code, data } = await refusal(client.request("tools/list"));
  expect([code, data?.code, data?.hint]).toEqual([401, "vault_locked", expect.stringContaining("Set AUTH_KEY")]);
  expect(await client.close()).toBe(0);
});
