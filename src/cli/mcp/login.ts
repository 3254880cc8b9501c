/**
 * The login that a bridge asks for: one for each server, however many bridges want it. It is made by another process,
 * `auth login`, which holds the port for the redirect, and goes on where a client gives up and ends its bridge. What is under
 * way is written in the vault, so that every bridge can tell its client which page to open.
 */
import { following, update } from "../../connections/changes.ts";
import { decodeRecord, encodeRecord } from "../../connections/record.ts";
import { readConnection } from "../../connections/store.ts";
import { PersonNeeded } from "../../mcp/authorize.ts";
import { canOpenBrowser } from "../../platform/browser.ts";
import { AuthError, type ErrorCode, messageOf } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import type { Json } from "../../platform/json.ts";
import { LIMITS } from "../../platform/limits.ts";
import { isProcess, type OwnProgram, startOwnProgram } from "../../platform/own-program.ts";
import { commandLine } from "../../platform/shell-word.ts";
import { withoutQuery } from "../../platform/url.ts";
import { waitForLock } from "../../vault/lock.ts";
import type { Vault, Version } from "../../vault/types.ts";
import type { Cli } from "../context.ts";
import type { Session } from "../session.ts";
import { loginAt } from "./connection.ts";

/** Milliseconds that a request waits for a person at the browser: many clients give up after a minute. */
const PATIENCE = 50_000;
/** Between two looks at the vault. */
const LOOK = 200;
/** Logins that one process begins within an hour: each opens a page. And those for more scopes. */
const MOST_LOGINS = 10;
const MOST_FOR_MORE = 3;
const HOUR = 60 * 60_000;

/** A login that is under way. */
interface Attempt {
  readonly format: 1;
  readonly pid: number;
  /** The page to open; null: it asks for none. */
  readonly url: string | null;
  /** Milliseconds since the epoch. */
  readonly until: number;
  /** The incarnation of the login that there was when it began; null: none. Another one is its result. */
  readonly from: string | null;
}

export interface Wanted {
  /** Besides those of the current login. */
  readonly scopes: readonly string[];
  /** Whether there is a login, which no longer works or lacks those scopes. */
  readonly replaces: boolean;
}

export class Login {
  readonly #cli: Cli;
  readonly #session: Session;
  readonly #url: string;
  /** For logs and messages. */
  readonly #shown: string;
  readonly #profile: string | undefined;
  /** The logins that were begun here. `scopes`: empty where it wasn't for more scopes. */
  readonly #begun: { readonly scopes: string; readonly at: number }[] = [];
  #said: string | null = null;

  constructor(cli: Cli, session: Session, url: string, profile: string | undefined) {
    this.#cli = cli;
    this.#session = session;
    this.#url = url;
    this.#shown = withoutQuery(url);
    this.#profile = profile;
  }

  /** Once for the same scopes, since asking again doesn't help, and only so often: a server could always name others. */
  mayAskFor(scopes: readonly string[]): boolean {
    const before = this.#begun.filter((one) => one.scopes !== "");
    return before.filter(isLate).length < MOST_FOR_MORE && !before.some((one) => one.scopes === inOrder(scopes));
  }

  /** For the client's log: each message once. */
  tell(text: string): void {
    if (text !== this.#said) this.#cli.output.warn(text);
    this.#said = text;
  }

  /**
   * Until there is a new login.
   * @returns whether it was asked for here, and not by another request or program
   * @throws PersonNeeded where it takes a person longer than a client waits; AuthError why there will be none
   */
  async perform(wanted: Wanted, signal: AbortSignal): Promise<boolean> {
    const { vault } = await this.#session.services();
    const before = await this.#version(vault);
    const isDone = async (): Promise<boolean> => !isSame(before, await this.#version(vault));

    const turn = await waitForLock(vault, this.#place, {
      watch: async () => ((await isDone()) || signal.aborted ? true : null),
      timeout: LIMITS.lockWait,
      sleep: () => Bun.sleep(LOOK),
    }).catch((error: unknown) => {
      throw this.#withoutKey(error);
    });
    if (turn.kind === "seen") return false;
    if (turn.kind === "timeout") throw new AuthError("busy", "Another login at this server doesn't begin.");
    let attempt: Attempt;
    let own: OwnProgram | null = null;
    try {
      const running = await this.#running(vault);
      if (running !== null) attempt = running;
      else ({ attempt, own } = await this.#begin(vault, wanted));
    } finally {
      turn.lock.release();
    }
    await this.#wait(attempt, own, isDone, wanted, signal);
    return own !== null;
  }

  /** For the client's log. */
  #askPerson(url: string): void {
    this.tell(`Log in to ${this.#shown} to go on: open ${url}`);
  }

  async #wait(
    attempt: Attempt,
    own: OwnProgram | null,
    isDone: () => Promise<boolean>,
    wanted: Wanted,
    signal: AbortSignal,
  ): Promise<void> {
    if (attempt.url !== null) this.#askPerson(attempt.url);
    const patience = attempt.url !== null && !canOpenBrowser(this.#cli.context.env) ? 0 : PATIENCE;
    const end = performance.now() + patience;
    for (;;) {
      if (signal.aborted) return;
      if (await isDone()) {
        // Another program has made the login: the page isn't needed any more.
        own?.stop();
        return;
      }
      if (!isProcess(attempt.pid)) {
        // It may have ended between the two reads.
        if (await isDone()) return;
        if (own === null) throw new AuthError("login_timeout", `The login at ${this.#shown} was given up.`, this.#hint);
        const { code, error } = await own.ended;
        // It may succeed without a change, where it found that the login works.
        if (code === 0 && (await isDone())) return;
        throw this.#failed(error);
      }
      if (performance.now() >= end) throw this.#personNeeded(attempt, wanted);
      await Bun.sleep(LOOK);
    }
  }

  async #begin(vault: Vault, { scopes, replaces }: Wanted): Promise<{ attempt: Attempt; own: OwnProgram }> {
    // The scopes come from the server: not on a command line, which others can read, and where they could be read as flags.
    const more = scopes.length > 0 ? ["--add-scope", "-"] : [];
    const name = this.#profile === undefined ? [] : ["-p", this.#profile];
    // Never with --force: a login of another account would replace this one.
    const args = ["login", this.#url, ...name, ...more, "--json", "--no-input"];
    if (this.#begun.filter(isLate).length >= MOST_LOGINS)
      throw new AuthError("login_required", `${this.#shown} has wanted ${MOST_LOGINS} logins within an hour.`, {
        hint: `No more pages are opened for it now. If that is right, log in: ${this.#command}`,
      });
    this.#begun.push({ scopes: inOrder(scopes), at: performance.now() });
    const from = (await this.#version(vault))?.incarnation ?? null;
    const own = startOwnProgram(args, this.#cli.context.env, scopes.length > 0 ? scopes.join("\n") : null);
    const url = await pageOf(own);
    const until = this.#cli.context.now() + LIMITS.browserLogin;
    const attempt: Attempt = { format: 1, pid: own.pid, url, until, from };
    await this.#write(vault, attempt);
    // A failed refresh has reported it already.
    if (url !== null && (!replaces || scopes.length > 0)) await this.#notify(url, scopes);
    return { attempt, own };
  }

  /** Notifies a person, once for each login (AUTH_NOTIFY_COMMAND). */
  async #notify(page: string, scopes: readonly string[]): Promise<void> {
    const { notify, debug } = this.#cli.context;
    const code = scopes.length === 0 ? "login_required" : "insufficient_scope";
    const message = `${this.#shown} needs a login: open ${page}`;
    const command = commandLine(["auth", "login", this.#shown]);
    await notify?.({ event: "login_needed", connection: this.#shown, code, message, command }).catch((error: unknown) =>
      debug(`the notice that ${this.#shown} needs a login failed: ${messageOf(error)}`),
    );
  }

  async #running(vault: Vault): Promise<Attempt | null> {
    const entry = await vault.read("settings", this.#place);
    if (entry === null) return null;
    const attempt = decodeRecord<Attempt>(entry.body, this.#place);
    if (this.#cli.context.now() >= attempt.until || !isProcess(attempt.pid)) return null;
    // A login that is stored is over, even while its process still ends.
    return ((await this.#version(vault))?.incarnation ?? null) === attempt.from ? attempt : null;
  }

  async #write(vault: Vault, attempt: Attempt): Promise<void> {
    const read = () => vault.read("settings", this.#place);
    await update(vault, read, (entry) => {
      const version = entry?.version ?? null;
      const next = { version: following(version), body: encodeRecord(attempt) };
      return { changes: [{ type: "settings", name: this.#place, expected: version, next }], result: undefined };
    });
  }

  async #version(vault: Vault): Promise<Version | null> {
    const selected = await loginAt(this.#session, this.#url, this.#profile);
    const stored = selected === null ? null : await readConnection(vault, selected.ref);
    return stored === null || stored.record.tokens === null ? null : stored.version;
  }

  get #place(): string {
    return `login ${this.#profile ?? ""} ${this.#url}`;
  }

  get #command(): string {
    return commandLine(["auth", "login", this.#shown, ...(this.#profile === undefined ? [] : ["-p", this.#profile])]);
  }

  get #hint(): { hint: string } {
    return { hint: `Ask again, or log in: ${this.#command}` };
  }

  /** The agent hands out tokens, and stores no login. */
  #withoutKey(error: unknown): unknown {
    if (!(error instanceof AuthError) || error.code !== "vault_locked") return error;
    const message = `A login at ${this.#shown} is needed, and storing it takes the vault's key, which isn't known here.`;
    return new AuthError("login_required", message, {
      hint: `Log in in a terminal, then ask again: ${this.#command}`,
      cause: error,
    });
  }

  #personNeeded({ url }: Attempt, { scopes }: Wanted): AuthError {
    const hint = url === null ? this.#hint : { hint: `Open this page, then ask again: ${url}` };
    const [code, what] =
      scopes.length === 0
        ? (["login_required", "A login"] as const)
        : (["insufficient_scope", `A login for ${escapeText(scopes.join(", "))}`] as const);
    const error = new AuthError(code, `${what} at ${this.#shown} is needed.`, hint);
    return url === null ? error : new PersonNeeded(error, url);
  }

  #failed(error: Json | null): AuthError {
    const { code, message, hint } = error ?? {};
    if (typeof code !== "string" || typeof message !== "string")
      return new AuthError("login_required", `The login at ${this.#shown} failed.`, this.#hint);
    const shown = (text: string): string => text.replaceAll(this.#url, () => this.#shown);
    const told = typeof hint === "string" ? { hint: shown(hint) } : this.#hint;
    return new AuthError(code as ErrorCode, shown(message), told);
  }
}

function isLate({ at }: { readonly at: number }): boolean {
  return performance.now() - at < HOUR;
}

/** The same text for the same scopes. */
function inOrder(scopes: readonly string[]): string {
  return scopes.toSorted().join(" ");
}

/** Whether it is another login, by its incarnation, and not a refresh. */
function isSame(one: Version | null, other: Version | null): boolean {
  return one?.incarnation === other?.incarnation;
}

/** The first page that it asks a person to open; null where it ends before. The rest is read, so that it isn't blocked. */
async function pageOf({ events }: OwnProgram): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const read = async (): Promise<void> => {
    for await (const event of events) {
      const page = event.url ?? event.verificationUriComplete ?? event.verificationUri;
      if (typeof page === "string") resolve(page);
    }
    resolve(null);
  };
  void read();
  return promise;
}
