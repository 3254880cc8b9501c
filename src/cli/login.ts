import type { LoginRequest } from "../connections/login/request.ts";
import { login, refuseOtherPlace } from "../connections/login.ts";
import { type ConnectionRef, checkName, DEFAULT_NAME, display, parseNamed, typed } from "../connections/ref.ts";
import { stateOf } from "../connections/status.ts";
import type { Stored } from "../connections/store.ts";
import { duration, iso } from "../connections/view.ts";
import { canOpenBrowser } from "../platform/browser.ts";
import { AuthError, usage } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import { Secret } from "../platform/secret.ts";
import { environmentToken } from "../providers/environment.ts";
import { parseEndpoints } from "../providers/overrides.ts";
import { FLOWS } from "../providers/schema.ts";
import { offeringToTakeClient } from "./ask-client.ts";
import { defineCommand, list, seconds } from "./command.ts";
import type { Cli } from "./context.ts";
import { CREDENTIALS, credentialOf, readingStdin } from "./credential-flags.ts";
import { asAuthError } from "./exit.ts";
import { connectionForIssuer } from "./issuer.ts";
import { address, flowOf, nonEmpty } from "./login-flags.ts";
import type { AskByForm } from "./login-form.ts";
import { createLoginUi, type LoginDisplay } from "./login-ui.ts";
import { readSecret } from "./secret-input.ts";
import { ignoresEnvironment } from "./select.ts";
import { SCOPE, scopes } from "./selector.ts";
import { inSession, type Session } from "./session.ts";
import { settingFlags, settingsFrom } from "./settings.ts";

export const LOGIN_SETTINGS = {
  flow: {
    type: "string",
    alias: "f",
    valueHint: FLOWS.join("|"),
    description: "How to log in (default: the provider's own order)",
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
    profile: { type: "string", alias: "p", valueHint: "name", description: "Keep the login under this name" },
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
    browser: { type: "boolean", default: true, negativeDescription: "Open no browser: show the URL" },
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
      const request: LoginRequest = {
        ref: target.ref,
        issuer: address(args.issuer, "--issuer"),
        flow: flowOf(args.flow),
        scopes: scopes(args.scope),
        clientId: nonEmpty(args["client-id"], "--client-id"),
        ...(await secretsOf(cli, args["client-secret"], args.token, args.callback, readingStdin(args))),
        ...resourceOf(args.resource),
        credential: await credentialOf(cli, args),
        settings: { ...target.settings, ...(await settingsFrom(session.registry, target.ref.provider, args)) },
        endpoints: parseEndpoints(list(args.endpoint)),
        verify: args.verify ?? true,
        force: args.force ?? false,
        timeout: timeoutOf(args.timeout),
        port: portOf(args.port),
        redirectUri: address(args["redirect-uri"], "--redirect-uri"),
        canOpenBrowser: (args.browser ?? true) && canOpenBrowser(cli.context.env),
      };
      const display = {
        browser: args.browser ?? true,
        qr: args.qr ?? false,
        callback: args.callback !== undefined,
        timeout: request.timeout,
        form: args.web ? await formFor(cli, request, args.browser ?? true) : null,
      };
      return runLogin(cli, session, request, display);
    }),
});

async function runLogin(cli: Cli, session: Session, request: LoginRequest, how: LoginDisplay): Promise<void> {
  const services = await session.services();
  const existing = await refuseOtherPlace(services, request);
  if (existing !== null && !request.force && stateOf(existing.record, session.context.now()).status === "connected") {
    if (!(await wantsAgain(cli, existing, request))) return announce(cli, session, existing, false);
    return finish(cli, session, { ...request, force: true }, how);
  }
  return finish(cli, session, request, how);
}

async function finish(cli: Cli, session: Session, request: LoginRequest, how: LoginDisplay): Promise<void> {
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
  await announce(cli, session, stored, true);
}

/** What fails in a login concerns its connection, wherever it was found out; how the command was called doesn't. */
function concerning(connection: string, error: AuthError): AuthError {
  if (error.connection !== undefined || error.code === "usage") return error;
  const { code, message, hint, cause } = error;
  return new AuthError(code, message, { connection, cause: cause ?? error, ...(hint !== undefined && { hint }) });
}

async function formFor(cli: Cli, { port, timeout }: LoginRequest, browser: boolean): Promise<AskByForm> {
  const { askByForm } = await import("./login-form.ts");
  return askByForm(cli, { browser, port, timeout });
}

/** `auth token --login`: a login as it would be by itself. @param wanted scopes that the token has to have */
export async function loginInteractively(
  cli: Cli,
  session: Session,
  ref: ConnectionRef,
  wanted: readonly string[] | null,
): Promise<void> {
  const request: LoginRequest = {
    ref,
    flow: null,
    scopes: null,
    ...(wanted !== null && { moreScopes: wanted }),
    clientId: null,
    clientSecret: null,
    settings: {},
    issuer: null,
    endpoints: {},
    token: null,
    verify: true,
    force: true,
    timeout: null,
    port: null,
    redirectUri: null,
    canOpenBrowser: canOpenBrowser(cli.context.env),
  };
  await finish(cli, session, request, { browser: true, qr: false, callback: false, timeout: null });
}

interface Target {
  readonly ref: ConnectionRef;
  /** What the argument itself says. */
  readonly settings: Readonly<Record<string, string>>;
}

async function targetOf(
  cli: Cli,
  session: Session,
  argument: string | undefined,
  profile: string | undefined,
): Promise<Target> {
  if (argument === undefined) return { ref: await chosenProvider(cli, session, profile), settings: {} };
  if (/^https?:\/\//i.test(argument)) {
    const { ref, settings } = await connectionForIssuer(session.registry, argument);
    return { ref: profile === undefined ? ref : { ...ref, name: checkName(profile) }, settings };
  }
  const { provider, name } = parseNamed(argument, profile);
  await session.registry.get(provider);
  return { ref: { provider, name: name ?? DEFAULT_NAME }, settings: {} };
}

/** `auth login` alone: a menu on a terminal. */
async function chosenProvider(cli: Cli, session: Session, profile: string | undefined): Promise<ConnectionRef> {
  if (!(await cli.interactive()))
    throw usage("Which provider?", `auth login <provider>   (providers: ${(await session.registry.ids()).join(", ")})`);
  const { choose } = await import("../platform/prompt.ts");
  const options = (await session.registry.offered()).map(({ id, title }) => ({ value: id, label: title }));
  const provider = await choose("Log in where?", options);
  return { provider, name: profile === undefined ? "default" : checkName(profile) };
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
async function secretsOf(
  cli: Cli,
  clientSecret: string | undefined,
  token: string | undefined,
  callback: string | undefined,
  others: readonly string[],
): Promise<Pick<LoginRequest, "clientSecret" | "token">> {
  const fromStdin = [clientSecret, token, callback].filter((value) => value === "-").length + others.length;
  if (fromStdin > 1)
    throw usage("Only one of --token, --client-secret, --callback, --key … can be read from standard input.");
  if (callback !== undefined && callback !== "-")
    throw usage("--callback takes '-': the URL is read from standard input.");
  return {
    clientSecret: await secretOf(cli, clientSecret, "--client-secret", "Client secret"),
    token: await secretOf(cli, token, "--token", "Token"),
  };
}

async function secretOf(cli: Cli, value: string | undefined, flag: string, title: string): Promise<Secret | null> {
  if (value === undefined) return null;
  if (value === "-") return readSecret(cli, title);
  if (value.trim() === "") throw usage(`${flag} is empty.`, `Give it on standard input: ${flag} -`);
  cli.output.warn(`Other processes can see a secret on the command line. Better: ${flag} -`);
  return new Secret(value.trim());
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

/** Already connected: a terminal asks; otherwise nothing is done. */
async function wantsAgain(cli: Cli, existing: Stored, request: LoginRequest): Promise<boolean> {
  const message = `Already logged in${whom(existing)}`;
  if (request.token === null && (await cli.interactive())) {
    const { confirm } = await import("../platform/prompt.ts");
    return confirm(`${message}. Log in again?`);
  }
  cli.output.say(message);
  cli.output.say(`To log in again: auth login ${typed(existing.ref)} --force`);
  return false;
}

function whom(stored: Stored): string {
  const { account } = stored.record;
  const label = account?.label ?? account?.id;
  return label ? ` as ${escapeText(label)}` : ` (${display(stored.ref)})`;
}

async function announce(cli: Cli, session: Session, stored: Stored, fresh: boolean): Promise<void> {
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
  if (!fresh) return;
  const life = expiresAt === null ? "" : ` Expires in ${duration(expiresAt - session.context.now())}.`;
  cli.output.success(`Logged in to ${display(ref)}${record.account === null ? "" : whom(stored)}.${life}`);
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
