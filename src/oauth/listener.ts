/**
 * The loopback listener of a browser login (RFC 8252 §7.3, RULES.md 3.6): it answers one path, one method, and shows how
 * the login ended. What it bounds, and why, is `loopback.ts`'s.
 */
import { type Head, pageReply, reply, textReply } from "./listener-http.ts";
import { type Hostname, LAST_PAGE_TIME, serveLoopback } from "./loopback.ts";
import type { Page } from "./page.ts";

/** No reply yet: the last page isn't known. */
const WAIT = "";

/** What to do with a request for the callback path. */
export type Reception =
  /** Not an answer to this login: the wait goes on. */
  | { readonly kind: "stray" }
  /** The answer; how the login ends is not known yet. */
  | { readonly kind: "answer" }
  /** The answer, and it is a failure. */
  | { readonly kind: "failure"; readonly page: Page };

export interface Listener {
  readonly port: number;
  /** Shows how the login ended. Waits a moment for the browser to fetch it, if it brought the answer. */
  conclude(page: Page): Promise<void>;
  /** Lets go of the port and of all connections; browsers that wait for the end get `page`. */
  close(page: Page): void;
}

export interface ListenerOptions {
  readonly hostname: Hostname;
  /** 0: any. */
  readonly port: number;
  readonly path: string;
  receive(parameters: URLSearchParams): Reception;
}

/** @throws AuthError `usage` when the port is taken */
export function listen({ hostname, port, path, receive }: ListenerOptions): Listener {
  /** Early requests for the last page. */
  const waiting = new Set<(reply: string) => void>();
  const finalPath = path === "/done" ? "/finished" : "/done";
  let answered = false;
  let last: Page | null = null;
  let shown: (() => void) | null = null;

  const server = serveLoopback({
    hostname,
    port,
    longestBody: 0,
    receive(request, send) {
      const answer = route(request);
      if (answer === WAIT) waiting.add(send);
      else send(answer);
    },
  });

  function route(head: Head): string {
    if (isPrefetch(head)) return textReply(503, "This page is not prefetched.");
    if (head.method !== "GET") return textReply(405, "Only GET.", { allow: "GET" });
    if (head.path === path) return callback(head.query);
    if (head.path !== finalPath || !answered) return textReply(404, "Nothing here.");
    return last === null ? WAIT : lastReply(last);
  }

  function callback(query: string): string {
    const reception: Reception = answered ? { kind: "stray" } : receive(new URLSearchParams(query));
    if (reception.kind === "stray") return pageReply(400, STRAY);
    answered = true;
    if (reception.kind === "answer") return reply(303, "", { location: finalPath });
    last = reception.page;
    return pageReply(400, reception.page);
  }

  function lastReply(page: Page): string {
    shown?.();
    return pageReply(page.kind === "success" ? 200 : 400, page);
  }

  function showToWaiting(page: Page): void {
    last ??= page;
    for (const send of waiting) send(lastReply(last));
    waiting.clear();
  }

  return {
    port: server.port,
    async conclude(page) {
      const isShown = new Promise<void>((resolve) => {
        shown = resolve;
      });
      showToWaiting(page);
      if (answered) await Promise.race([isShown, Bun.sleep(LAST_PAGE_TIME)]);
    },
    close(page) {
      showToWaiting(page);
      server.stop();
    },
  };
}

/** The browser fetches a page that the person has not opened yet (Fetch, `Sec-Purpose`; older ones, `Purpose` and `X-Moz`). */
function isPrefetch({ headers }: Head): boolean {
  return ["sec-purpose", "purpose", "x-moz"].some((name) => /prefetch|preview/i.test(headers.get(name) ?? ""));
}

const STRAY: Page = {
  kind: "failure",
  title: "This is not the login that is waiting",
  text: "Nothing was changed. Follow the link that the terminal shows, or start the login again.",
};
