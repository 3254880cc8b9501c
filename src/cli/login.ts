import type { LoginRequest } from "../connections/login/request.ts";
import { login, refuseTakenName } from "../connections/login.ts";
import { type ConnectionRef, display } from "../connections/ref.ts";
import { ignoresEnvironment } from "../connections/select.ts";
import type { Stored } from "../connections/store.ts";
import { iso } from "../connections/view.ts";
import { canOpenBrowser } from "../platform/browser.ts";
import { AuthError, usage } from "../platform/errors.ts";
import { environmentToken } from "../providers/environment.ts";
import { parseEndpoints } from "../providers/overrides.ts";
import { FLOWS } from "../providers/schema.ts";
import { offeringToTakeClient } from "./ask-client.ts";
import { defineCommand, list, seconds } from "./command.ts";
import type { Cli } from "./context.ts";
import { CREDENTIALS, credentialOf, filesNamed, readingStdin } from "./credential-flags.ts";
import { asAuthError } from "./exit.ts";
import { goesOn, whom } from "./login-again.ts";
import { address, flowOf, nonEmpty } from "./login-flags.ts";
import type { AskByForm } from "./login-form.ts";
import { targetOf } from "./login-target.ts";
import { createLoginUi, type LoginDisplay } from "./login-ui.ts";
import { givenSecret } from "./secret-input.ts";
import { SCOPE, scopes } from "./selector.ts";
import { inSession, type Session } from "./session.ts";
import { settingFlags, settingsFrom } from "./settings.ts";

export const LOGIN_SETTINGS = {
  flow: {
    type: "string",
    alias: "f",
    valueHint: FLOWS.join("|"),
    description: "How to log in (default: by browser where one opens here, else the provider's own order)",
  },
  ...SCOPE,
  "client-id": { type: "string", valueHint: "id", description: "The OAuth client to log in with" },
  issuer: { type: "string", valueHint: "url", description: "Take the endpoints from this issuer's discovery" },
  endpoint: {
    type: "string",
    valueHint: "name=url",
    repeatable: true,
    description: "Override one endpoint; may be repeated",
  },
} as const;

export default defineCommand({
  name: "login",
  description: "Log in at a provider and keep the tokens",
  group: "everyday",
  args: {
    connection: {
      type: "positional",
      required: false,
      description: "<provider>, <provider>:<name>, or https://issuer",
    },
    profile: {
      type: "string",
      alias: "p",
      valueHint: "name",
      description: "Keep the login under this name (or: AUTH_PROFILE)",
    },
    ...LOGIN_SETTINGS,
    "client-secret": {
      type: "string",
      valueHint: "-",
      description: "The client's secret; '-' reads it from standard input",
    },
    token: {
      type: "string",
      valueHint: "-",
      description: "A token or API key to keep; '-' reads it from standard input",
    },
    ...CREDENTIALS,
    resource: { type: "string", valueHint: "uri", description: "The API that the tokens are to be for (RFC 8707)" },
    verify: { type: "boolean", default: true, negativeDescription: "Don't ask the provider whose a pasted token is" },
    force: { type: "boolean", description: "Log in even if that is done already, and replace what is there" },
    timeout: { type: "string", valueHint: "seconds", description: "How long to wait for the approval" },
    browser: {
      type: "boolean",
      default: true,
      negativeDescription: "Open no browser: show the URL alone (with --json: its event)",
    },
    web: { type: "boolean", description: "Ask for a missing client, secret or key by a form in the browser" },
    qr: { type: "boolean", description: "Show a QR code" },
    port: { type: "string", valueHint: "port", description: "The loopback port for the redirect" },
    "redirect-uri": {
      type: "string",
      valueHint: "uri",
      description: "The redirect URI, where a provider insists on one",
    },
    callback: { type: "string", valueHint: "-", description: "'-': read the final URL from standard input" },
  },
  extraFlags: (words, env) => settingFlags(words.slice(1), env),
  examples: [
    ["auth login {a}", "by the way that {a} prefers"],
    ["auth login {a} -p work --token -", "a token that you have already, under a name"],
    ["auth login https://issuer.example --client-id my-cli", "any OpenID Connect issuer"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const target = await targetOf(cli, session, args.connection, args.profile);
      const asked: LoginRequest = {
        ...BARE,
        ref: target.ref,
        issuer: address(args.issuer, "--issuer"),
        flow: flowOf(args.flow),
        scopes: scopes(args.scope),
        clientId: nonEmpty(args["client-id"], "--client-id"),
        ...resourceOf(args.resource),
        settings: { ...target.settings, ...settingsFrom(await session.registry.get(target.ref.provider), args) },
        endpoints: parseEndpoints(list(args.endpoint)),
        verify: args.verify ?? true,
        force: args.force ?? false,
        timeout: timeoutOf(args.timeout),
        port: portOf(args.port),
        redirectUri: address(args["redirect-uri"], "--redirect-uri"),
        asWritten: {
          ...filesNamed(args),
          ...(args.browser === false && { "no-browser": true as const }),
          ...(args.qr === true && { qr: true as const }),
        },
        canOpenBrowser: (args.browser ?? true) && canOpenBrowser(cli.context.env),
      };
      checkSecretFlags(args["client-secret"], args.token, args.callback, readingStdin(args));
      const display = {
        browser: args.browser ?? true,
        qr: args.qr ?? false,
        callback: args.callback !== undefined,
        timeout: asked.timeout,
        form: args.web ? await formFor(cli, asked, args.browser ?? true) : null,
      };
      const pastes = args.token !== undefined;
      const settings =
        !cli.output.isJson && (await cli.interactive())
          ? await (await import("./ask-settings.ts")).askMissingSettings(cli, session, asked, pastes)
          : asked.settings;
      await runLogin(cli, session, { ...asked, settings }, display, pastes, async () => ({
        clientSecret: await givenSecret(cli, "client-secret", args["client-secret"]),
        token: await givenSecret(cli, "token", args.token),
        credential: await credentialOf(cli, args),
      }));
    }),
});

/** A login with no flags at all. */
const BARE: Omit<LoginRequest, "ref" | "canOpenBrowser"> = {
  flow: null,
  scopes: null,
  clientId: null,
  clientSecret: null,
  settings: {},
  issuer: null,
  endpoints: {},
  token: null,
  verify: true,
  force: false,
  timeout: null,
  port: null,
  redirectUri: null,
};

type Secrets = Pick<LoginRequest, "clientSecret" | "token" | "credential">;

/** @param secrets reads what standard input or a prompt gives: only once it is known that the login goes on */
async function runLogin(
  cli: Cli,
  session: Session,
  request: LoginRequest,
  how: LoginDisplay,
  pastes: boolean,
  secrets: () => Promise<Secrets>,
): Promise<void> {
  const existing = await refuseTakenName(await session.services(), request, pastes);
  if (existing !== null && !request.force) {
    const definition = await session.registry.get(request.ref.provider);
    if (!(await goesOn(cli, definition, existing, request, pastes))) return announce(cli, session, existing, null);
  }
  return finish(cli, session, { ...request, ...(await secrets()) }, how, existing);
}

async function finish(
  cli: Cli,
  session: Session,
  request: LoginRequest,
  how: LoginDisplay,
  existing: Stored | null,
): Promise<void> {
  const ui = await createLoginUi(cli, how);
  let stored: Stored;
  try {
    stored = await offeringToTakeClient(cli, request, how.form ?? null, async (asked) =>
      login(await session.services(), asked, ui),
    );
  } catch (error) {
    const connection = display(request.ref);
    const failure = concerning(connection, asAuthError(error));
    const { code, message } = failure;
    if (code !== "usage") await cli.context.audit({ event: "login", status: "failure", connection, code, message });
    throw failure;
  } finally {
    ui.close();
  }
  await cli.context.audit({ event: "login", status: "success", connection: display(stored.ref) });
  await announce(cli, session, stored, replacesToken(existing, stored) ? "replaced" : "new");
}

/** What fails in a login concerns its connection, wherever it was found out; how the command was called doesn't. */
function concerning(connection: string, error: AuthError): AuthError {
  if (error.connection !== undefined || error.code === "usage") return error;
  return error.restated({ connection });
}

async function formFor(cli: Cli, { port, timeout }: LoginRequest, browser: boolean): Promise<AskByForm> {
  const { askByForm } = await import("./login-form.ts");
  return askByForm(cli, { browser, port, timeout });
}

/** `auth token --login`: a login as `auth login` alone would make it. @param wanted scopes that the token has to have */
export async function loginInteractively(
  cli: Cli,
  session: Session,
  ref: ConnectionRef,
  wanted: readonly string[] | null,
): Promise<void> {
  const request = {
    ...BARE,
    ref,
    ...(wanted !== null && { moreScopes: wanted }),
    canOpenBrowser: canOpenBrowser(cli.context.env),
  };
  const how = { browser: true, qr: false, callback: false, timeout: null };
  await runLogin(cli, session, request, how, false, async () => ({ clientSecret: null, token: null }));
}

/** An absolute URI without a fragment (RFC 8707 §2). */
function resourceOf(value: string | undefined): Pick<LoginRequest, "resource"> {
  const resource = nonEmpty(value, "--resource");
  if (resource === null) return {};
  if (!URL.canParse(resource) || resource.includes("#"))
    throw usage("--resource takes a whole URI without a fragment.", "For example: --resource https://api.example");
  return { resource };
}

/** Only one thing can be read from standard input. */
function checkSecretFlags(
  clientSecret: string | undefined,
  token: string | undefined,
  callback: string | undefined,
  others: readonly string[],
): void {
  const fromStdin = [clientSecret, token, callback].filter((value) => value === "-").length + others.length;
  if (fromStdin > 1)
    throw usage("Only one of --token, --client-secret, --callback, --key … can be read from standard input.");
  if (callback !== undefined && callback !== "-")
    throw usage("--callback takes '-': the URL is read from standard input.");
}

function timeoutOf(value: string | undefined): number | null {
  const wanted = seconds(value, "--timeout");
  if (wanted === undefined) return null;
  if (wanted < 1) throw usage("--timeout must be at least one second.");
  return wanted * 1000;
}

function portOf(value: string | undefined): number | null {
  if (value === undefined) return null;
  const port = Number(value);
  if (!/^\d{1,5}$/.test(value) || port < 1 || port > 65_535) throw usage(`--port takes a number from 1 to 65535.`);
  return port;
}

/** A token or key in the place of another, of the same place and account. */
function replacesToken(existing: Stored | null, stored: Stored): boolean {
  if (existing === null || existing.record.tokens === null) return false;
  return existing.record.kind !== "oauth" && stored.record.kind !== "oauth";
}

/** @param outcome null: the login was there already */
async function announce(cli: Cli, session: Session, stored: Stored, outcome: "new" | "replaced" | null): Promise<void> {
  const { record, ref } = stored;
  const expiresAt = record.tokens?.expiresAt ?? null;
  if (cli.output.isJson)
    await cli.output.event({
      event: "connected",
      connection: display(ref),
      account: record.account?.label ?? record.account?.id ?? null,
      scopes: record.tokens?.scopes ?? [],
      expiresAt: expiresAt === null ? null : iso(expiresAt),
      refreshable: record.tokens?.refreshToken != null,
    });
  if (outcome === null) return;
  const { loginLife } = await import("./lifetime.ts");
  const done = outcome === "replaced" ? "Replaced the token of" : "Logged in to";
  cli.output.success(
    `${done} ${display(ref)}${record.account === null ? "" : whom(stored)}${loginLife(stored, session.context.now())}`,
  );
  await warnOfShadow(cli, session, ref);
}

/** A token in the environment will win over what was just stored. */
async function warnOfShadow(cli: Cli, session: Session, ref: ConnectionRef): Promise<void> {
  if (ignoresEnvironment(cli.context.env)) return;
  try {
    const found = environmentToken(await session.registry.get(ref.provider), cli.context.env);
    if (found !== null)
      cli.output.warn(
        `${found.variable} is set and wins over this login: unset it, or use ${display(ref)} by its full name.`,
      );
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    cli.output.warn(error.message);
  }
}
