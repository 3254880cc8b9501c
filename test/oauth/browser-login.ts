/** A browser login of a test, and the browser that answers it. */
import { afterEach } from "bun:test";
import { type BrowserLogin, type BrowserRequest, startBrowserLogin } from "../../src/oauth/browser.ts";
import type { Server } from "../../src/oauth/types.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { publicClient, server } from "./support.ts";

const logins: BrowserLogin[] = [];

/** To be called once in each file: the logins of a test end with it. */
export function closeLogins(): void {
  afterEach(() => {
    for (const login of logins.splice(0)) login.close();
  });
}

export const ISSUER = "https://issuer.example";

export async function start(
  different: Partial<ProviderDefinition> = {},
  request: Partial<BrowserRequest> = {},
  more: Partial<Server> = {},
): Promise<BrowserLogin> {
  const endpoints = { authorization: `${ISSUER}/authorize?tenant=a b`, token: `${ISSUER}/token` };
  const login = await startBrowserLogin(server(different, { endpoints, ...more }), publicClient, {
    scopes: ["read"],
    port: null,
    redirectUri: null,
    timeout: 30_000,
    ...request,
  });
  logins.push(login);
  return login;
}

export const parametersOf = (login: BrowserLogin): Record<string, string> =>
  Object.fromEntries(new URL(login.url).searchParams);
export const stateOf = (login: BrowserLogin): string => parametersOf(login).state ?? "";

/** The browser, sent back with those parameters; not following the redirect. */
export function back(
  login: BrowserLogin,
  parameters: Record<string, string>,
  init: RequestInit = {},
): Promise<Response> {
  return fetch(`${login.redirectUri}?${new URLSearchParams(parameters)}`, { redirect: "manual", ...init });
}

/** The first to settle, or "waiting": a callback that was not answered. */
export async function settled(login: BrowserLogin): Promise<unknown> {
  return Promise.race([login.callback.catch((error: unknown) => error), Bun.sleep(30).then(() => "waiting")]);
}

/** A bare connection to the listener. */
export function connect(
  login: BrowserLogin,
  on: { data?: (text: string) => void; close?: () => void },
): Promise<Bun.Socket> {
  const { hostname, port } = new URL(login.redirectUri);
  return Bun.connect({
    hostname,
    port: Number(port || 80),
    socket: {
      data: (_, chunk) => on.data?.(chunk.toString()),
      close: () => on.close?.(),
      error: () => {},
    },
  });
}

/** Everything that comes back for these bytes. */
export async function raw(login: BrowserLogin, bytes: string): Promise<string> {
  const closed = Promise.withResolvers<void>();
  let text = "";
  const socket = await connect(login, { data: (more) => (text += more), close: closed.resolve });
  socket.write(bytes);
  await closed.promise;
  return text;
}

/** The status that a request line gets. */
export async function statusOf(login: BrowserLogin, line: string): Promise<number> {
  const text = await raw(login, `${line}\r\nHost: ${new URL(login.redirectUri).host}\r\n\r\n`);
  return Number(text.slice(9, 12));
}
