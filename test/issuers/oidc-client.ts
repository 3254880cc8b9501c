/** Starts the real issuer, and plays the person at its pages by plain HTTP, without a browser. */
import type { OidcDescription, OidcOptions } from "./oidc.ts";

export interface OidcIssuer extends OidcDescription {
  stop(): Promise<void>;
}

/** @param bun the Bun to run it with; default: the one that runs this */
export async function startOidc(options: OidcOptions = {}, bun = process.execPath): Promise<OidcIssuer> {
  const issuer = Bun.spawn([bun, `${import.meta.dir}/oidc.ts`, JSON.stringify(options)], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
  });
  const description: OidcDescription = JSON.parse(await firstLine(issuer.stdout));
  return {
    ...description,
    async stop() {
      issuer.kill();
      await issuer.exited;
    },
  };
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes("\n")) break;
  }
  return text.split("\n", 1)[0] ?? "";
}

/** Types the code, logs in as `account`, and approves (or not). @param url `verification_uri_complete` */
export async function decideDevice(url: string, decision: "approve" | "deny", account = "alice"): Promise<void> {
  const person = new Person();
  let page = await person.visit(url);
  // The page submits itself by script: first the code, then the confirmation.
  page = await person.submit(page);
  if (decision === "deny") {
    await person.submit(page, { abort: "yes" });
    return;
  }
  page = await person.submit(page, { confirm: "yes" });
  await person.interact(page, account);
}

/**
 * Logs in as `account` at the authorization URL, and approves (or not).
 * @returns the redirect to the loopback listener, not followed
 */
export async function decideBrowser(url: string, decision: "approve" | "deny", account = "alice"): Promise<string> {
  const person = new Person();
  const page = await person.visit(url);
  const end = decision === "approve" ? await person.interact(page, account) : await person.abort(page);
  if (end.redirect === null) throw new Error(`the issuer did not redirect: ${end.html.slice(0, 500)}`);
  return end.redirect;
}

interface Visited {
  readonly url: string;
  readonly html: string;
  /** Where the issuer sent the browser, if that was away from the issuer. */
  readonly redirect: string | null;
}

/** As much of a browser as the pages need: cookies by path, redirects, forms. */
class Person {
  readonly #cookies = new Map<string, { value: string; path: string }>();

  visit(url: string): Promise<Visited> {
    return this.#go(url, null, new URL(url).origin);
  }

  /** Sends the page's form, with its hidden fields and the given ones. */
  submit(page: Visited, fields: Readonly<Record<string, string>> = {}): Promise<Visited> {
    const action = attribute(/<form[^>]*>/.exec(page.html)?.[0] ?? "", "action");
    const body = new URLSearchParams();
    for (const [input] of page.html.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
      const name = attribute(input, "name");
      if (name !== "") body.set(name, attribute(input, "value"));
    }
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    const url = new URL(action || page.url, page.url).href;
    return this.#go(url, body, new URL(url).origin);
  }

  /** Login and consent, as often as the issuer asks. */
  async interact(page: Visited, account: string): Promise<Visited> {
    let at = page;
    for (let step = 0; at.redirect === null && at.html.includes('name="prompt"'); step++) {
      if (step > 5) throw new Error("the issuer keeps asking");
      at = await this.submit(at, { login: account, password: "any" });
    }
    return at;
  }

  async abort(page: Visited): Promise<Visited> {
    const link = /href="([^"]*\/abort)"/.exec(page.html)?.[1];
    if (link === undefined) throw new Error("there is nothing to cancel");
    return this.visit(new URL(link, page.url).href);
  }

  async #go(url: string, body: URLSearchParams | null, home: string): Promise<Visited> {
    const reply = await fetch(url, {
      method: body === null ? "GET" : "POST",
      ...(body === null ? {} : { body }),
      headers: { cookie: this.#cookiesFor(url), accept: "text/html" },
      redirect: "manual",
    });
    this.#keep(reply);
    const location = reply.headers.get("location");
    if (location === null) return { url, html: await reply.text(), redirect: null };
    const next = new URL(location, url);
    if (next.origin !== home) return { url, html: "", redirect: next.href };
    return this.#go(next.href, null, home);
  }

  #cookiesFor(url: string): string {
    const { pathname } = new URL(url);
    const sent = [...this.#cookies].filter(([, { path }]) => pathname.startsWith(path));
    return sent.map(([name, { value }]) => `${name}=${value}`).join("; ");
  }

  #keep(reply: Response): void {
    for (const line of reply.headers.getSetCookie()) {
      const [pair = "", ...attributes] = line.split(/;\s*/);
      const at = pair.indexOf("=");
      const path = attributes.find((entry) => /^path=/i.test(entry))?.slice("path=".length) ?? "/";
      this.#cookies.set(pair.slice(0, at), { value: pair.slice(at + 1), path });
    }
  }
}

function attribute(tag: string, name: string): string {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? "";
  return value.replaceAll("&amp;", "&");
}
