/** The logins that the scenarios of MCP's extensions begin with: by a client's own credentials, or by another's word for it. */
import { join } from "node:path";
import { auth, tempFolder } from "../support/program.ts";

/** What a scenario gives its client. */
interface Given {
  readonly client_id?: string;
  readonly client_secret?: string;
  readonly private_key_pem?: string;
  readonly valid_jwt?: string;
  readonly idp_client_id?: string;
  readonly idp_id_token?: string;
  readonly idp_issuer?: string;
  readonly idp_token_endpoint?: string;
}

/** @returns whether this scenario has such a login */
export async function loginForExtension(
  scenario: string,
  url: string,
  given: Given,
  env: Readonly<Record<string, string>>,
): Promise<boolean> {
  const client = given.client_id === undefined ? [] : ["--client-id", given.client_id];
  const secret = given.client_secret === undefined ? [] : ["--client-secret", given.client_secret];
  switch (scenario) {
    case "auth/client-credentials-basic":
      await login(env, url, "--flow", "client-credentials", ...client, ...secret);
      return true;
    case "auth/client-credentials-jwt":
      await login(
        env,
        url,
        "--flow",
        "client-credentials",
        ...client,
        "--key",
        await file("key.pem", given.private_key_pem),
      );
      return true;
    case "auth/wif-jwt-bearer":
      await login(env, url, ...client, "--subject-token", `file:${await file("token", given.valid_jwt)}`);
      return true;
    case "auth/enterprise-managed-authorization":
      await withIdentityProvider(given, async (places) => {
        const { idp_issuer: idp = "", idp_client_id: id = "" } = given;
        await login(env, idp, "--flow", "device", "--client-id", id, ...places);
        await login(env, url, "--via", idp, ...client, ...secret);
      });
      return true;
    default:
      return false;
  }
}

async function login(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<void> {
  const { code, stderr } = await auth(["login", ...args], { env });
  if (code !== 0) throw new Error(stderr);
}

async function file(name: string, text = ""): Promise<string> {
  const path = join(tempFolder(), name);
  await Bun.write(path, text);
  return path;
}

/**
 * The suite gives an ID token, and no identity provider at which a login would bring it. This one does, and passes on all
 * that isn't a login.
 *
 * @param work is given the flags that lead a login there
 */
async function withIdentityProvider(given: Given, work: (places: readonly string[]) => Promise<void>): Promise<void> {
  const { idp_id_token, idp_token_endpoint = "" } = given;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const { pathname, origin } = new URL(request.url);
      const body = await request.text();
      if (pathname === "/device")
        return Response.json({
          device_code: "d",
          user_code: "u",
          verification_uri: origin,
          expires_in: 60,
          interval: 0,
        });
      if (pathname !== "/token") return new Response("the page of a person who approves");
      if (!body.includes("device_code")) return fetch(idp_token_endpoint, { method: "POST", headers: FORM, body });
      return Response.json({ access_token: "a", token_type: "Bearer", id_token: idp_id_token, expires_in: 3600 });
    },
  });
  try {
    const at = `http://127.0.0.1:${server.port}`;
    await work(["--endpoint", `device=${at}/device`, "--endpoint", `token=${at}/token`]);
  } finally {
    await server.stop(true);
  }
}

const FORM = { "content-type": "application/x-www-form-urlencoded" };
