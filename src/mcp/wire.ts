/** Sends requests to one MCP server with credentials, and again with others where the server refuses them. */
import type { HttpStream, StreamRequest } from "../platform/http.ts";
import type { Authorize, Credentials, Refusal } from "./authorize.ts";
import { drain } from "./reply.ts";

export type OpenHttp = <T>(request: StreamRequest, consume: (reply: HttpStream) => Promise<T>) => Promise<T>;

export interface Call {
  readonly method: "GET" | "POST" | "DELETE";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal: AbortSignal;
}

/** Refusals of one message that are answered with other credentials. */
const MOST_REFUSALS = 4;
/** Servers are mounted at `/mcp/` and asked at `/mcp`. */
const MOST_REDIRECTS = 3;

export class Wire {
  readonly #url: string;
  readonly #http: OpenHttp;
  readonly #authorize: Authorize;

  constructor(url: string, http: OpenHttp, authorize: Authorize) {
    this.#url = url;
    this.#http = http;
    this.#authorize = authorize;
  }

  /**
   * @param consume reads the reply, or cancels it
   * @throws HttpError, AuthError, and what `consume` throws
   */
  async send<T>(call: Call, consume: (reply: HttpStream) => Promise<T>): Promise<T> {
    const { method, signal } = call;
    let credentials = (await this.#authorize({ method, refusal: null, signal })) ?? NONE;
    for (let refusals = 0; ; refusals++) {
      const used = credentials;
      const headers = { ...call.headers, ...used.headers };
      const body = call.body === undefined ? {} : { body: call.body };
      const request = { method, url: this.#url, headers, signal, redirects: MOST_REDIRECTS, ...body };
      const outcome = await this.#http(request, async (reply) => {
        const refusal = refusals < MOST_REFUSALS ? refusalIn(reply, used) : null;
        if (refusal === null) return { value: await consume(reply) };
        await drain(reply);
        return { refusal, reply: { ...reply, body: null } };
      });
      if ("value" in outcome) return outcome.value;
      const others = await this.#authorize({ method, refusal: outcome.refusal, signal });
      if (others === null) return consume(outcome.reply);
      credentials = others;
    }
  }
}

const NONE: Credentials = { headers: {} };

function refusalIn({ status, headers }: HttpStream, credentials: Credentials): Refusal | null {
  if (status !== 401 && status !== 403) return null;
  const [challenge, nonce] = [headers.get("www-authenticate"), headers.get("dpop-nonce")];
  return { status, challenge, nonce, credentials };
}
