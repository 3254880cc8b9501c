/** Shows a login to the person at the terminal, or as NDJSON. */
import type { LoginUi } from "../../connections/login/request.ts";
import { canOpenBrowser, openBrowser } from "../../platform/browser.ts";
import type { AuthError } from "../../platform/errors.ts";
import { escapedLines, escapeText } from "../../platform/escape.ts";
import { LIMITS } from "../../platform/limits.ts";
import { askSecret, confirm } from "../../platform/prompt.ts";
import { exitOnInterrupt } from "../../platform/signals.ts";
import { inputLines } from "../../platform/stdin.ts";
import { deviceText, startWaiting, surfaceFor, type Waiting } from "../../platform/terminal.ts";
import type { Cli } from "../context.ts";
import { farBrowserHint } from "./far-browser.ts";
import type { AskByForm } from "./form.ts";

export interface LoginDisplay {
  /** Open the browser. */
  readonly browser: boolean;
  readonly qr: boolean;
  /** Read the final URL from standard input. */
  readonly callback: boolean;
  /** The variable for a client's secret, where standard input is already used. */
  readonly secretVariable?: string;
  /** Milliseconds until we give up, by `--timeout`. */
  readonly timeout: number | null;
  /** A form that asks for what is missing. */
  readonly form: AskByForm | null;
}

export interface OpenLoginUi extends LoginUi {
  close(): void;
}

export async function createLoginUi(cli: Cli, how: LoginDisplay): Promise<OpenLoginUi> {
  const { env } = cli.context;
  const colors = await cli.output.colors();
  let waiting: Waiting | null = null;
  let resume: (() => Promise<void>) | null = null;
  const wait = async (label: string, milliseconds: number): Promise<void> => {
    if (cli.output.isJson || cli.globals.quiet) return;
    await cli.output.done();
    const deadline = cli.context.now() + milliseconds;
    waiting = startWaiting(label, deadline, env, colors);
    resume = () => wait(label, deadline - cli.context.now());
  };
  const open = async (url: string): Promise<void> => {
    if (how.browser && canOpenBrowser(env))
      openBrowser(url, env, process.platform, (program) => void notOpened(program));
  };
  const notOpened = async (program: string): Promise<void> => {
    await waiting?.stop();
    cli.output.warn(`${program} could not open the browser. Open the address that is shown yourself.`);
    await resume?.();
  };
  /** A person sees why and may paste again; a program sends one line only. */
  const refusePaste = async (refused: AuthError, again: boolean): Promise<void> => {
    if (!again) throw refused;
    await waiting?.stop();
    cli.output.warn([refused.message, "Still waiting: paste the address again, or finish in the browser."]);
    await resume?.();
  };
  exitOnInterrupt(() => waiting?.abandon());

  return {
    async deviceCode(code, limit) {
      const page = code.verificationUriComplete ?? code.verificationUri;
      if (cli.output.isJson) {
        const { verificationUri, verificationUriComplete, userCode, expiresIn, interval } = code;
        const shown = { verificationUri, verificationUriComplete, userCode, expiresIn, interval };
        await cli.output.event({ event: "device_code", ...shown });
        await open(page);
        return;
      }
      const shown = {
        userCode: escapeText(code.userCode),
        verificationUri: escapeText(code.verificationUri),
        verificationUriComplete: code.verificationUriComplete && escapeText(code.verificationUriComplete),
        app: escapeText(code.app),
        host: new URL(code.verificationUri).host,
      };
      cli.output.drawn(await deviceText(shown, surfaceFor(env, colors, how.qr)));
      await open(page);
      await wait("Waiting for your approval", limit);
    },
    async authorize(url, redirectUri) {
      const pasting = (await cli.interactive()) ? "terminal" : how.callback ? "stdin" : "none";
      if (cli.output.isJson) {
        await cli.output.event({ event: "authorize", url, redirectUri });
        await open(url);
      } else {
        cli.output.drawn(escapedLines(["Open this page to log in:", "", `  ${url}`, ""]));
        const hint = farBrowserHint(env, redirectUri, pasting, how.secretVariable ?? null);
        for (const line of hint?.split("\n") ?? []) cli.output.say(line);
        await open(url);
        await wait("Waiting for the browser", how.timeout ?? LIMITS.browserLogin);
      }
      if (pasting === "none") return {};
      const lines = inputLines(LONGEST_URL);
      return {
        async pasted(refused) {
          if (refused !== null) await refusePaste(refused, pasting === "terminal");
          const { value, done } = await lines.next();
          return done === true ? new Promise(() => {}) : value;
        },
      };
    },
    warn(message) {
      waiting?.abandon();
      cli.output.warn(message);
    },
    async askToken(title, create) {
      if (how.form) return how.form.token(title, create);
      if (!(await cli.interactive())) return null;
      return askSecret(/\bkey$/i.test(title) ? `${title}: ` : `${title} token: `, env);
    },
    async askSecret(title) {
      return (await cli.interactive()) ? askSecret(`${title}: `, env) : null;
    },
    async confirm(question) {
      return (await cli.interactive()) ? confirm(question) : null;
    },
    close() {
      void waiting?.stop();
    },
  };
}

const LONGEST_URL = 64 * 1024;
