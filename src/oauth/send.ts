/**
 * Standard requests made by oauth4webapi, which knows all of them, and sent our way. A plain grant needs none of it, and
 * is made without (grant.ts): the library costs a refresh a millisecond.
 */
import type { ClientAuth, CustomFetchOptions, DPoPHandle } from "oauth4webapi";
import * as oauth from "oauth4webapi";
import { HttpError } from "../platform/http-failure.ts";
import { classifyNoReply } from "./classify.ts";
import type { ClientKey } from "./client-key.ts";
import type { Grant } from "./grant.ts";
import { metadataOf } from "./metadata.ts";
import { nonceReply } from "./nonce.ts";
import { introduce, post, resourceOf, type Sending } from "./post.ts";
import type { RawReply, Server } from "./types.ts";

/**
 * A grant of a client that authenticates with a key (RFC 7523 §3), or whose tokens are bound to one (RFC 9449): once more
 * after a proof that was refused.
 *
 * @param timeout milliseconds for all of it
 * @throws OAuthFailure when no reply came
 */
export async function sendKeyedGrant(sending: Sending, grant: Grant, timeout: number): Promise<RawReply> {
  const { server, client } = sending;
  const end = performance.now() + timeout;
  const send = (DPoP: DPoPHandle | null): Promise<RawReply> =>
    capture({ ...sending, timeout: Math.max(1, end - performance.now()) }, async (options) =>
      oauth.genericTokenEndpointRequest(
        metadataOf(server, grant.url),
        { client_id: client.id },
        await authenticationOf(sending, grant.url ?? server.endpoints.token),
        grant.type,
        { ...grant.further, ...grant.parameters, ...resourceOf(server) },
        { ...options, ...(DPoP !== null && { DPoP }) },
      ),
    );
  if (client.proof === undefined) return send(null);
  const { sendProved } = await import("./dpop.ts");
  return sendProved(client.proof, send);
}

/** RFC 8628 §3.1. @throws OAuthFailure when no reply came */
export async function sendDeviceRequest(
  sending: Sending,
  parameters: Readonly<Record<string, string>>,
): Promise<RawReply> {
  const { server, client } = sending;
  return capture(sending, async (options) =>
    oauth.deviceAuthorizationRequest(
      metadataOf(server),
      { client_id: client.id },
      await authenticationOf(sending, server.endpoints.device),
      { ...parameters, ...resourceOf(server) },
      options,
    ),
  );
}

/** RFC 9126 §2.1. @throws OAuthFailure when no reply came */
export async function sendAuthorizationRequest(sending: Sending, parameters: URLSearchParams): Promise<RawReply> {
  const { server, client } = sending;
  return capture(sending, async (options) =>
    oauth.pushedAuthorizationRequest(
      metadataOf(server),
      { client_id: client.id },
      await authenticationOf(sending, server.pushed),
      parameters,
      options,
    ),
  );
}

/** RFC 7662 §2.1. @throws OAuthFailure when no reply came */
export async function sendIntrospection(sending: Sending, token: string): Promise<RawReply> {
  const { server, client } = sending;
  return capture(sending, async (options) =>
    oauth.introspectionRequest(
      metadataOf(server),
      { client_id: client.id },
      await authenticationOf(sending, server.endpoints.introspection),
      token,
      {
        ...options,
        additionalParameters: { token_type_hint: "access_token" },
      },
    ),
  );
}

/** RFC 7009 §2.1. @throws OAuthFailure when no reply came */
export async function sendRevocation(sending: Sending, token: string, hint: string): Promise<RawReply> {
  const { server, client } = sending;
  return capture(sending, async (options) =>
    oauth.revocationRequest(
      metadataOf(server),
      { client_id: client.id },
      await authenticationOf(sending, server.endpoints.revocation),
      token,
      {
        ...options,
        additionalParameters: { token_type_hint: hint },
      },
    ),
  );
}

/** @param url where the request goes */
async function authenticationOf(sending: Sending, url: string | undefined): Promise<ClientAuth> {
  const { client, server } = sending;
  if (client.key !== undefined) return assertionBy(client.key, server, url);
  return (_, __, form, headers) => {
    for (const [name, value] of Object.entries(introduce(sending, form))) headers.set(name, value);
  };
}

/**
 * RFC 7523 §3 as RFC 10070 has it: typed, and for the issuer alone, so that no other server can use it. Where the issuer
 * isn't known, or the description says so, for the endpoint.
 */
async function assertionBy(
  { pem, algorithm, keyId }: ClientKey,
  { dialect, issuer }: Server,
  url: string | undefined,
): Promise<ClientAuth> {
  const { importPrivateKey } = await import("./key-file.ts");
  const key = await importPrivateKey(pem, algorithm);
  const { audience, typ } = dialect.client.assertion;
  return oauth.PrivateKeyJwt(keyId === null ? key : { key, kid: keyId }, {
    [oauth.modifyAssertion]: (header: Record<string, unknown>, claims: Record<string, unknown>) => {
      header.typ = typ;
      claims.aud = audience === "issuer" && issuer !== null ? issuer : url;
    },
  });
}

type Request = CustomFetchOptions<"POST", URLSearchParams>;

/** Lets the library make its request, sends it our way, and keeps the reply from being read by anyone but us. */
async function capture(
  sending: Sending,
  make: (options: Record<symbol, unknown>) => Promise<Response>,
): Promise<RawReply> {
  let raw: RawReply | undefined;
  const send = async (url: string, request: Request): Promise<Response> => {
    raw = await post(sending, url, request);
    return nonceReply(raw.headers["dpop-nonce"]);
  };
  try {
    // Which addresses may be http is `platform/http`'s to say: loopback only.
    await make({ [oauth.customFetch]: send, [oauth.allowInsecureRequests]: true });
  } catch (error) {
    throw error instanceof HttpError ? classifyNoReply(error) : error;
  }
  if (raw === undefined) throw new Error("the request was not sent");
  return raw;
}
