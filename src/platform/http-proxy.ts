/** One exchange through the configured proxy, its failures told apart by how far the request got. */
import type { Exchange, HttpReply } from "./http.ts";
import { HttpError } from "./http-failure.ts";
import { openRelay, proxyFor } from "./proxy.ts";

type Exchanger = (url: URL, exchange: Exchange, proxy?: string) => Promise<HttpReply>;

/** @throws HttpError */
export async function throughProxy(url: URL, exchange: Exchange, over: Exchanger): Promise<HttpReply> {
  const proxy = proxyFor(url, process.env);
  if (proxy === null) return over(url, exchange);
  const relay = await openRelay(proxy, url);
  try {
    return await over(url, exchange, relay.proxy);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    if (relay.stage() === "answered" || error.failure === "interrupted") throw through(error, proxy.name, url);
    const silent = error.failure === "connection timed out";
    const unknown = { failure: silent ? "proxy timed out" : "proxy closed the connection", status: null } as const;
    const { failure, status } = relay.failure() ?? unknown;
    const detail = status === null ? proxy.name : `HTTP ${status} from ${proxy.name}`;
    throw new HttpError(failure, url.href, { cause: error, detail });
  } finally {
    relay.close();
  }
}

/** A failure of the provider's, which the proxy may be the reason of: it is named. */
function through(error: HttpError, proxy: string, url: URL): HttpError {
  const { failure, status, sent, cause } = error;
  return new HttpError(failure, url.href, { cause, status, sent, detail: `through the proxy ${proxy}` });
}
