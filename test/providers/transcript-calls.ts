/** What a transcript's `call` makes us do: the same functions as the program's, at the provider's documented addresses. */
import { type MintOrder, mintToken } from "../../src/connections/mint.ts";
import { exchangeCode } from "../../src/oauth/code.ts";
import { pollDevice, requestDeviceCode } from "../../src/oauth/device.ts";
import { sendRefresh } from "../../src/oauth/refresh.ts";
import { readTokenReply } from "../../src/oauth/reply.ts";
import { revokeTokens } from "../../src/oauth/revoke.ts";
import type { Client, Server } from "../../src/oauth/types.ts";
import type { Http } from "../../src/platform/http.ts";
import { Secret } from "../../src/platform/secret.ts";
import { dialectOf, mintingOf } from "../../src/providers/minting.ts";
import { applyOverrides } from "../../src/providers/overrides.ts";
import { resolveProvider } from "../../src/providers/resolve.ts";
import { EC_KEY, RSA_KEY } from "../support/keys.ts";
import { definitionOf } from "./builtin.ts";
import type { Exchange } from "./transcript.ts";

/** Of every exchange. */
export const NOW = 1_800_000_000_000;

interface Given {
  readonly client?: string;
  readonly secret?: string;
  readonly authentication?: "body" | "basic";
  readonly settings?: Record<string, string>;
  readonly scopes?: string[];
  readonly flow?: string;
  readonly code?: string;
  readonly verifier?: string;
  /** Where there is none, none is sent. */
  readonly redirectUri?: string;
  readonly deviceCode?: string;
  readonly refreshToken?: string;
  readonly accessToken?: string;
  readonly subjectToken?: string;
  readonly certificate?: boolean;
  readonly values?: Record<string, string>;
}

const secretOf = (text: string | undefined): Secret | null => (text === undefined ? null : new Secret(text));

const OPERATIONS: Readonly<
  Record<string, (wire: Http, server: Server, client: Client, given: Given, id: string) => Promise<unknown>>
> = {
  device: (wire, server, client, { scopes = [] }) => requestDeviceCode(wire, server, client, scopes),

  poll: async (wire, server, client, { deviceCode = "" }) => {
    let polls = 0;
    const code = { userCode: "", verificationUri: "", verificationUriComplete: null, expiresIn: 900, interval: 5 };
    const sleep = async (milliseconds: number): Promise<void> => {
      if (polls++ > 0) throw Object.assign(new Error("it waits"), { waits: milliseconds / 1000 });
    };
    const polling = { deadline: NOW + 900_000, now: () => NOW, sleep };
    return pollDevice(wire, server, client, { ...code, deviceCode: new Secret(deviceCode) }, polling);
  },

  code: (wire, server, client, { code = "", verifier, redirectUri = null }) =>
    exchangeCode(
      wire,
      server,
      client,
      { code: new Secret(code), redirectUri, verifier: secretOf(verifier), nonce: null, extra: {}, reported: {} },
      NOW,
    ),

  refresh: async (wire, server, client, { refreshToken = "", flow = null, scopes }) => {
    const request = { refreshToken: new Secret(refreshToken), scopes: scopes ?? null, flow, timeout: 5_000 };
    const raw = await sendRefresh(wire, server, client, request);
    return readTokenReply(server, client, raw, { subject: null, now: NOW });
  },

  revoke: (wire, server, client, { refreshToken, accessToken }) =>
    revokeTokens(wire, server, client, { refreshToken: secretOf(refreshToken), accessToken: secretOf(accessToken) }),

  mint: async (wire, server, client, given, id) => {
    const { flow = "", scopes = [], settings = {}, subjectToken, certificate, values = {} } = given;
    const minting = mintingOf(definitionOf(id), flow);
    if (minting === null) throw new Error(`${id} has no ${flow}`);
    const key = minting.sign?.algorithm === "ES256" ? EC_KEY : RSA_KEY;
    const proof = subjectToken ? "subject-token" : certificate ? "certificate" : flow === "jwt" ? "key" : "secret";
    const secret = secretOf(subjectToken ?? (proof === "secret" ? undefined : key));
    const order: MintOrder = {
      minting,
      mint: { proof, secret, source: null, values, clockOffset: 0 },
      server: { ...server, dialect: dialectOf(definitionOf(id), flow, settings) },
      client: proof === "secret" ? client : { ...client, secret: null, authentication: "none" },
      settings,
      scopes,
    };
    return (await mintToken({ http: wire, now: () => NOW, env: {} }, order)).reply;
  },
};

/** The provider at its documented addresses. */
function serverOf(id: string, settings: Record<string, string>): Server {
  const resolved = resolveProvider(definitionOf(id), settings);
  const { resource } = resolved;
  // Whom an API names is found out at the login.
  const issuer = resolved.issuer ?? (resource === null ? null : "https://authorization-server.example.com");
  // What an issuer's discovery document would have said.
  const discovered =
    issuer === null
      ? {}
      : { token: `${issuer}/token`, device: `${issuer}/device_authorization`, revocation: `${issuer}/revoke` };
  const { dialect, endpoints } = applyOverrides(resolved, { endpoints: discovered });
  return { dialect, issuer: null, endpoints, issRequired: false, ...(resource !== null && { resource }) };
}

/** What the exchange makes us do, over this wire. @returns what came of it, or the error */
export async function run(id: string, exchange: Exchange, wire: Http): Promise<unknown> {
  const given = exchange.arguments as Given;
  const server = serverOf(id, given.settings ?? {});
  const authentication =
    given.secret === undefined ? "none" : (given.authentication ?? server.dialect.client.authentication);
  const client: Client = { id: given.client ?? "", secret: secretOf(given.secret), authentication };
  const operation = OPERATIONS[exchange.operation];
  if (operation === undefined) throw new Error(`no operation ${exchange.operation}`);
  return operation(wire, server, client, given, id).catch((error: unknown) => error);
}
