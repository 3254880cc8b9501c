/**
 * A form on this machine's loopback, for one person to fill in once: so that a program without a terminal can have a
 * person give it a client id, a secret or a key, without seeing it pass through chat, argv or history.
 *
 * Its path and its token can't be guessed, so no other program of this machine and no page in a browser can read the form
 * or answer it (cross-site request forgery, DNS rebinding).
 */
import { AuthError } from "../platform/errors.ts";
import { Secret, sameText } from "../platform/secret.ts";
import { originOf } from "../platform/url.ts";
import { type Field, type FormPage, renderForm } from "./form-page.ts";
import { pageReply, reply, textReply } from "./listener-http.ts";
import { LAST_PAGE_TIME, type Received, serveLoopback } from "./loopback.ts";
import { contentSecurityPolicy, type Page } from "./page.ts";

/** Bytes. The longest answer is a key file. */
const LONGEST_BODY = 96 * 1024;

export type Answers = ReadonlyMap<string, Secret>;

export interface WebForm {
  /** For the person's browser. */
  readonly url: string;
  /** Rejects with AuthError `login_timeout`. Fields left empty are missing. */
  readonly answers: Promise<Answers>;
  /** Ends the wait and lets go of the port. */
  close(): void;
}

export interface FormOptions {
  readonly page: FormPage;
  /** null: any that is free. */
  readonly port: number | null;
  /** Milliseconds. */
  readonly timeout: number;
}

/** @throws AuthError `usage` when the port is taken */
export function openForm({ page, port, timeout }: FormOptions): WebForm {
  const path = `/${unguessable()}`;
  const csrf = unguessable();
  const answer = Promise.withResolvers<Answers>();
  let taken = false;
  let thanked: (() => void) | null = null;

  const server = serveLoopback({
    hostname: "127.0.0.1",
    port: port ?? 0,
    longestBody: LONGEST_BODY,
    receive: (request, send) => send(route(request)),
  });
  const origin = originOf(`http://127.0.0.1:${server.port}`);

  function route(request: Received): string {
    if (!sameText(request.path, path)) return textReply(404, "Nothing here.");
    if (request.method === "GET") return taken ? thanks() : formReply(200, NOTHING, null);
    if (request.method !== "POST") return textReply(405, "Only GET and POST.", { allow: "GET, POST" });
    if (taken) return textReply(403, "This form was answered already.");
    if (isForeign(request)) return textReply(403, "This is not for you.");
    if (!/^application\/x-www-form-urlencoded\b/i.test(request.headers.get("content-type") ?? ""))
      return textReply(415, "Only a form.");
    const given = parseFields(request.body);
    if (given === null || !sameText(given.get("csrf") ?? "", csrf)) return textReply(403, "This is not the form.");
    return accept(given);
  }

  /** A browser names the page that sent the form (Fetch §3.2). Where it names none, the token still decides. */
  function isForeign({ headers }: Received): boolean {
    const from = headers.get("origin");
    const site = headers.get("sec-fetch-site");
    return (from !== undefined && from !== origin) || (site !== undefined && site !== "same-origin");
  }

  function accept(given: ReadonlyMap<string, string>): string {
    const answers = new Map<string, Secret>();
    for (const field of page.fields) {
      const value = (given.get(field.name) ?? "").trim();
      const fault = faultOf(field, value);
      if (fault !== null) return formReply(400, given, fault);
      if (value !== "") answers.set(field.name, new Secret(value));
    }
    taken = true;
    answer.resolve(answers);
    // What was sent is neither sent again by a reload nor kept in the history.
    return reply(303, "", { location: path });
  }

  function thanks(): string {
    thanked?.();
    return pageReply(200, THANKS);
  }

  function formReply(status: number, typed: ReadonlyMap<string, string>, fault: string | null): string {
    const texts = new Map(
      page.fields.flatMap(({ name, kind }) => (kind === "text" ? [[name, typed.get(name) ?? ""] as const] : [])),
    );
    return reply(status, renderForm(page, path, csrf, texts, fault), {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": contentSecurityPolicy("'self'"),
      // With `no-referrer` a browser hides the origin of a form that is sent, also from the one it is sent to.
      "referrer-policy": "same-origin",
    });
  }

  const timer = setTimeout(() => {
    answer.reject(timedOut());
    close();
  }, timeout);

  function close(): void {
    clearTimeout(timer);
    server.stop();
  }

  /** Gives the browser a moment to show the last page. */
  async function answered(): Promise<Answers> {
    const answers = await answer.promise;
    const isThanked = new Promise<void>((resolve) => {
      thanked = resolve;
    });
    await Promise.race([isThanked, Bun.sleep(LAST_PAGE_TIME)]);
    close();
    return answers;
  }

  const answers = answered();
  // Not awaited where the form is closed first.
  answers.catch(() => {});
  return { url: `${origin}${path}`, answers, close };
}

const NOTHING: ReadonlyMap<string, string> = new Map();

const THANKS: Page = {
  kind: "success",
  title: "Thank you",
  text: "You can close this page. The program that asked goes on by itself.",
};

/** Unicode text, each name once. */
function parseFields(body: Uint8Array): ReadonlyMap<string, string> | null {
  const fields = [...new URLSearchParams(new TextDecoder().decode(body))];
  const map = new Map(fields);
  return map.size === fields.length ? map : null;
}

function faultOf({ label, kind, required }: Field, value: string): string | null {
  if (value === "") return required ? `${label} is missing.` : null;
  const control = kind === "key" ? /[^\P{Cc}\r\n\t]/u : /\p{Cc}/u;
  return control.test(value) ? `${label} has characters in it that it can't have: paste it once more.` : null;
}

/** 256 bits. */
function unguessable(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
}

function timedOut(): AuthError {
  return new AuthError("login_timeout", "The form was not filled in in time.", {
    hint: "Log in again; --timeout <seconds> gives more time.",
  });
}
