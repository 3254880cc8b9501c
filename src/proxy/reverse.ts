/** `http://127.0.0.1:<port>/<secret>/<connection>/…`, for programs with a configurable API address. */
import type { IncomingMessage } from "../platform/http-server.ts";
import type { Secret } from "../platform/secret.ts";
import type { Api, Credential } from "./api.ts";
import { isFromPage, isOwnHost, isSecret } from "./guard.ts";
import { endToEnd, pairs } from "./headers.ts";
import type { Call } from "./relay.ts";
import { denied, type Refusal } from "./reply.ts";

/** The target of a path, by its second part. */
export interface Route {
  readonly api: Api;
  readonly origin: string;
}

/**
 * Credentials of the program, which don't count, cookies, and headers with the proxy's own address.
 */
const DROPPED = ["authorization", "cookie", "origin", "referer"];

/** The request to send, or why it is refused. The reply to a wrong secret is the same as to an unknown path. */
export function reverseCall(
  routes: ReadonlyMap<string, Route>,
  secret: Secret,
  port: number,
  { url = "", headers }: IncomingMessage,
): Call | Refusal {
  if (!isOwnHost(headers.host, port)) return denied(`This is http://127.0.0.1:${port}, and no other host.`);
  if (isFromPage(headers, port)) return denied("A page in a browser asks: only programs may.");
  const [, given = "", named = "", rest = ""] = /^\/([^/?]*)\/([^/?]*)([/?].*)?$/.exec(url) ?? [];
  const route = isSecret(given, secret) ? routeNamed(routes, named) : undefined;
  if (route === undefined) return NOT_FOUND;
  return {
    ...route,
    target: rest.startsWith("/") ? rest : `/${rest}`,
    via: "reverse",
    headers: headersWithout(secret),
  };
}

const NOT_FOUND: Refusal = {
  status: 404,
  type: "destination_not_found",
  code: "not_found",
  message: "There is nothing at this address.",
  hint: "It is /<secret>/<connection>/…, as 'auth proxy' printed it.",
};

/**
 * The name of a connection's API in an address, or of another of its origins: `acme:work`, `acme:work@files.example`. An "@"
 * in a connection's name is escaped, so that names are unique.
 */
export function routeName(connection: string, origin?: string): string {
  const names = origin === undefined ? [connection] : [connection, new URL(origin).host];
  return names.map((name) => encodeURIComponent(name).replaceAll("%3A", ":")).join("@");
}

/** @param routes by `routeName`, in lower case @param named as printed, or with other characters escaped */
function routeNamed(routes: ReadonlyMap<string, Route>, named: string): Route | undefined {
  const printed = routes.get(named.toLowerCase());
  if (printed !== undefined) return printed;
  try {
    return routes.get(routeName(decodeURIComponent(named)).toLowerCase());
  } catch {
    return undefined;
  }
}

/** @param secret the proxy's: headers that contain it aren't passed on */
function headersWithout(secret: Secret): Call["headers"] {
  return (own, { headers }: Credential) => {
    const names = headers.map(([name]) => name.toLowerCase());
    const kept = pairs(endToEnd(own, [...DROPPED, ...names])).filter(([, value]) => !value.includes(secret.reveal()));
    return [...kept.flat(), ...headers.flatMap(([name, value]) => [name, value.reveal()])];
  };
}
