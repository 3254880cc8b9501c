/** A client that comes with a provider's description: used where no other is named (CLI.md §4). */
import { beforeEach, expect, test } from "bun:test";
import { readClients } from "../../src/connections/clients.ts";
import type { LoginRequest, LoginUi } from "../../src/connections/login/request.ts";
import { login } from "../../src/connections/login.ts";
import type { Services } from "../../src/connections/services.ts";
import type { HttpReply, HttpRequest } from "../../src/platform/http.ts";
import { Secret } from "../../src/platform/secret.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { MemoryVault } from "./memory-vault.ts";
import { json, LOGIN, servicesOf, TOKEN_URL } from "./support.ts";

let vault: MemoryVault;
let clients: (string | null)[];
let env: Record<string, string>;
let described: string;

beforeEach(() => {
  vault = new MemoryVault();
  clients = [];
  env = {};
  described = "from-the-file";
});

function services(): Services {
  const acme: ProviderDefinition = {
    id: "acme",
    title: "Acme",
    endpoints: { token: TOKEN_URL },
    client: { id: described },
    flows: ["code"],
  };
  const http = async ({ body }: HttpRequest): Promise<HttpReply> => {
    const id = new URLSearchParams(String(body)).get("client_id");
    clients.push(id);
    return json(200, { access_token: `access of ${id}`, token_type: "bearer" });
  };
  return servicesOf(vault, acme, { env, http });
}

async function logIn(different: Partial<LoginRequest> = {}): Promise<string | null | undefined> {
  const request: LoginRequest = { ...LOGIN, flow: "code", credential: { code: new Secret("c1") }, ...different };
  const ui = { warn: () => {} } as unknown as LoginUi;
  await login(services(), request, ui);
  return clients.at(-1);
}

test("is used where none is named", async () => {
  expect(await logIn()).toBe("from-the-file");
});

test("is not kept: a later description's own takes its place", async () => {
  await logIn();
  expect((await readClients(vault, "acme", "https://acme.example")).version).toBeNull();
  described = "from-a-newer-file";
  expect(await logIn({ ref: { provider: "acme", name: "second" } })).toBe("from-a-newer-file");
});

test("gives way to the flag, the environment, and a client that was used before", async () => {
  env = { AUTH_ACME_CLIENT_ID: "from-the-environment" };
  expect(await logIn({ clientId: "from-the-flag" })).toBe("from-the-flag");
  expect(await logIn({ ref: { provider: "acme", name: "second" } })).toBe("from-the-environment");
  env = {};
  expect(await logIn({ ref: { provider: "acme", name: "third" } })).toBe("from-the-environment");
});

test("is kept with a secret that a person gives it", async () => {
  await logIn({ clientSecret: new Secret("s1") });
  const { clients: kept } = await readClients(vault, "acme", "https://acme.example");
  expect(kept.clients["from-the-file"]?.secret?.reveal()).toBe("s1");
});
