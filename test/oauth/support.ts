/** A scripted endpoint and the small things that every test of the wire needs. */
import type { Client, RawReply, Server } from "../../src/oauth/types.ts";
import { Secret } from "../../src/platform/secret.ts";
import { type Dialect, withDefaults } from "../../src/providers/defaults.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";

/** RFC 6749 as written, but for what is given. */
export function dialect(different: Partial<ProviderDefinition> = {}): Dialect {
  return withDefaults({ id: "test", title: "Test", flows: ["device"], ...different });
}

export const publicClient: Client = { id: "my client", secret: null, authentication: "none" };

export function secretClient(authentication: "body" | "basic"): Client {
  return { id: "my client", secret: new Secret("s3cret:&+%"), authentication };
}

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly text: string;
  /** The body as a form. */
  readonly form: Readonly<Record<string, string>>;
}

export interface Scripted {
  readonly url: string;
  readonly seen: Seen[];
  /** Every endpoint at this server. */
  server(different?: Partial<ProviderDefinition>, more?: Partial<Server>): Server;
  stop(): void;
}

export type Answer = Response | ((seen: Seen) => Response | Promise<Response>);

/** Answers the nth request with the nth answer, and all later ones with the last. */
export function script(...answers: Answer[]): Scripted {
  const seen: Seen[] = [];
  const running = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request): Promise<Response> {
      const text = await request.text();
      const { pathname, search } = new URL(request.url);
      const form = Object.fromEntries(new URLSearchParams(text));
      const call = { method: request.method, path: pathname + search, headers: request.headers, text, form };
      const answer = answers[Math.min(seen.length, answers.length - 1)] ?? new Response();
      seen.push(call);
      return answer instanceof Response ? (answer.clone() as Response) : await answer(call);
    },
  });
  const url = `http://127.0.0.1:${running.port}`;
  return {
    url,
    seen,
    server: (different = {}, more = {}) => ({
      dialect: dialect(different),
      issuer: null,
      endpoints: {
        authorization: `${url}/authorize`,
        device: `${url}/device`,
        token: `${url}/token`,
        revocation: `${url}/revoke`,
        userinfo: `${url}/userinfo`,
      },
      issRequired: false,
      ...more,
    }),
    stop: () => void running.stop(true),
  };
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return Response.json(body, { status, headers });
}

export function reply(
  body: unknown,
  status = 200,
  headers: Record<string, string> = { "content-type": "application/json" },
): RawReply {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { status, headers, body: new TextEncoder().encode(text) };
}

/** A server of whom nothing is asked. */
export function server(different: Partial<ProviderDefinition> = {}, more: Partial<Server> = {}): Server {
  return { dialect: dialect(different), issuer: null, endpoints: {}, issRequired: false, ...more };
}

/** An unsigned JWT: as good as any where the signature isn't checked. */
export function jwt(claims: Readonly<Record<string, unknown>>): string {
  const part = (value: unknown): string =>
    new TextEncoder().encode(JSON.stringify(value)).toBase64({ alphabet: "base64url", omitPadding: true });
  return `${part({ alg: "ES256" })}.${part(claims)}.c2lnbmF0dXJl`;
}

/** What a call throws. */
export async function thrown(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
