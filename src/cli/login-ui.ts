/** A login as the person at the terminal, or the program reading NDJSON, sees it. */
import type { LoginUi } from "../connections/login/request.ts";
import { escapeText } from "../platform/escape.ts";
import { LIMITS } from "../platform/limits.ts";
import { firstLine } from "../platform/stdin.ts";
import type { Waiting } from "../platform/terminal.ts";
import { isLoopback, namedPort } from "../platform/url.ts";
import type { Cli } from "./context.ts";
import type { AskByForm } from "./login-form.ts";

export interface LoginDisplay {
  /** Open the browser. */
  readonly browser: boolean;
  readonly qr: boolean;
  /** Read the final URL from standard input. */
  readonly callback: boolean;
  /** Milliseconds until we give up, where that was said. */
  readonly timeout: number | null;
  /** What is missing is asked for by a form. */
  readonly form?: AskByForm | null;
}

export interface OpenLoginUi extends LoginUi {
  close(): void;
}

export async function createLoginUi(cli: Cli, how: LoginDisplay): Promise<OpenLoginUi> {
  const { env } = cli.context;
  const abort = new AbortController();
  const colors = await cli.output.colors();
  let waiting: Waiting | null = null;
  const wait = async (label: string, milliseconds: number): Promise<void> => {
    if (cli.output.isJson || cli.globals.quiet) return;
    await cli.output.done();
    const { startWaiting } = await import("../platform/terminal.ts");
    waiting = startWaiting(label, cli.context.now() + milliseconds, env, colors);
  };
  const open = async (url: string): Promise<void> => {
    const { canOpenBrowser, openBrowser } = await import("../platform/browser.ts");
    if (how.browser && canOpenBrowser(env)) await openBrowser(url, env);
  };
  const { exitOnInterrupt } = await import("../platform/signals.ts");
  exitOnInterrupt(() => waiting?.abandon());

  return {
    signal: abort.signal,
    async deviceCode(code, limit) {
      if (cli.output.isJson) {
        const { verificationUri, verificationUriComplete, userCode, expiresIn, interval } = code;
        await cli.output.event({
          event: "device_code",
          verificationUri,
          verificationUriComplete,
          userCode,
          expiresIn,
          interval,
        });
        return;
      }
      const { deviceText, surfaceFor } = await import("../platform/terminal.ts");
      const shown = {
        userCode: escapeText(code.userCode),
        verificationUri: escapeText(code.verificationUri),
        verificationUriComplete:
          code.verificationUriComplete === null ? null : escapeText(code.verificationUriComplete),
      };
      cli.output.notice(await deviceText(shown, surfaceFor(env, colors, how.qr)));
      await open(code.verificationUriComplete ?? code.verificationUri);
      await wait("Waiting for your approval", limit);
    },
    async authorize(url, redirectUri) {
      if (cli.output.isJson) await cli.output.event({ event: "authorize", url, redirectUri });
      else {
        cli.output.notice(`Open this page to log in:\n\n  ${url}\n`);
        const forward = sshLine(env, redirectUri, true);
        if (forward !== null) cli.output.notice(forward);
        await open(url);
        await wait("Waiting for the browser", how.timeout ?? LIMITS.browserLogin);
      }
      return how.callback || (await cli.interactive()) ? { pasted: firstLine(LONGEST_URL) } : {};
    },
    warn: (message) => cli.output.warn(message),
    async askToken(title, create) {
      if (how.form) return how.form.token(title, create);
      if (!(await cli.interactive())) return null;
      const { askSecret } = await import("../platform/prompt.ts");
      return askSecret(`${title} token: `);
    },
    async confirm(question) {
      if (!(await cli.interactive())) return null;
      const { confirm } = await import("../platform/prompt.ts");
      return confirm(question);
    },
    close() {
      void waiting?.stop();
      abort.abort();
    },
  };
}

/** Over SSH the browser is on another machine: how its loopback reaches ours. @param pasting whether its answer may be pasted */
export function sshLine(env: Cli["context"]["env"], redirectUri: string, pasting: boolean): string | null {
  if (!env.SSH_CONNECTION) return null;
  const port = namedPort(redirectUri);
  if (port === null || !isLoopback(new URL(redirectUri).hostname)) return null;
  const host = env.SSH_CONNECTION.split(" ")[2] ?? "this-host";
  const line = `The browser is on another machine? Forward the port first:\n  ssh -L ${port}:127.0.0.1:${port} ${host}`;
  return pasting ? `${line}\nor paste the page's final address here with --callback -` : line;
}

const LONGEST_URL = 64 * 1024;
