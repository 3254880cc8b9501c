/** Sends a request without effect again where that may help: twice at most, as ofetch does it. */
import { createFetch } from "ofetch";
import type { Exchange, HttpReply } from "./http.ts";
import { HttpError, type HttpFailure } from "./http-failure.ts";

/** What another try may mend, beside the statuses that ofetch repeats. */
const PASSING: readonly HttpFailure[] = [
  "host not found",
  "connection refused",
  "connection lost",
  "proxy closed the connection",
];

/**
 * @param once sends it, and throws nothing but HttpError
 * @throws HttpError
 */
export async function exchangeWithRetries(
  url: URL,
  exchange: Exchange,
  once: (url: URL, exchange: Exchange) => Promise<HttpReply>,
): Promise<HttpReply> {
  const send = async (): Promise<Response> => {
    const { status, headers, body } = await once(url, exchange);
    return new Response(body.length === 0 ? null : (body as Uint8Array<ArrayBuffer>), { status, headers });
  };
  const client = createFetch({ fetch: send as unknown as Fetch });
  try {
    const response = await client.raw(url.href, {
      method: exchange.method,
      signal: exchange.signal,
      responseType: "arrayBuffer",
      retry: 2,
      retryDelay: 250,
      onRequestError: ({ error, options }) => {
        if (!(error instanceof HttpError && PASSING.includes(error.failure))) options.retry = false;
      },
    });
    return replyOf(response);
  } catch (error) {
    // An error of ofetch carries the request, secrets included: it must not leave this function.
    const { response, cause } = error as { response?: Read; cause?: unknown };
    // Statuses of 400 and more are errors to ofetch; to us they are replies.
    if (response !== undefined) return replyOf(response);
    throw cause instanceof HttpError ? cause : new HttpError("connection lost", url.href);
  }
}

type Fetch = NonNullable<NonNullable<Parameters<typeof createFetch>[0]>["fetch"]>;
type Read = Response & { readonly _data?: ArrayBuffer | undefined };

function replyOf(response: Read): HttpReply {
  const { status, headers } = response;
  return { status, headers, body: new Uint8Array(response._data ?? new ArrayBuffer(0)) };
}
