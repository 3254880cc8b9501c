/** The flags by which a login is made, and the login that they ask for. */
import { clientVariables } from "../../connections/clients.ts";
import type { Credential, LoginRequest } from "../../connections/login/request.ts";
import { type ConnectionRef, display } from "../../connections/ref.ts";
import { sourceOf } from "../../connections/subject-token.ts";
import { canOpenBrowser } from "../../platform/browser.ts";
import { usage } from "../../platform/errors.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";
import { type Args, resourceOf, seconds } from "../command.ts";
import type { Cli } from "../context.ts";
import { givenSecret } from "../input.ts";
import { scopes, scopesFromStdin } from "../scopes.ts";
import type { Session } from "../session.ts";
import { address, LOGIN_SETTINGS, loginSettingsFrom } from "../settings.ts";
import { selectStored } from "../stored.ts";
import { companionsGiven, type GivenCompanion, readCompanions } from "./companions.ts";
import { CREDENTIALS, credentialOf, credentialsGiven } from "./credentials.ts";
import { BARE_REQUEST, type LoginCall } from "./perform.ts";
import type { Target } from "./target.ts";

export const LOGIN_FLAGS = {
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
  via: {
    type: "string",
    valueHint: "connection",
    description:
      "The login at an identity provider that vouches for you at an MCP server's issuer, without a browser there",
  },
  "add-scope": {
    type: "string",
    valueHint: "scope",
    repeatable: true,
    description:
      "A scope besides those of the login that is there, or of the default; may be repeated; '-' reads all from standard input",
  },
  "client-metadata-url": {
    type: "string",
    valueHint: "url",
    description: "The client's id where the issuer reads its metadata there (or: AUTH_CLIENT_METADATA_URL)",
  },
  resource: { type: "string", valueHint: "uri", description: "The API that the tokens are to be for (RFC 8707)" },
  "no-resource": { type: "boolean", description: "Don't name the API, for issuers that refuse it" },
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
} as const satisfies Args;

/** As they were read, beside others of the command. */
type Given = Readonly<Record<string, unknown>> & {
  readonly [name in keyof typeof LOGIN_FLAGS]?:
    | ((typeof LOGIN_FLAGS)[name]["type"] extends "boolean" ? boolean : string)
    | undefined;
};

/** @param session with the provider that is logged in at. @throws AuthError `usage` */
export async function loginCallFrom(cli: Cli, session: Session, target: Target, args: Given): Promise<LoginCall> {
  const definition = await session.registry.get(target.ref.provider);
  const given = loginSettingsFrom(definition, args);
  const companions = companionsGiven(definition, args);
  const resource = resourceOf(args.resource);
  const withoutResource = args["no-resource"] ?? false;
  if (withoutResource && resource !== null)
    throw usage("--resource and --no-resource contradict each other.", "Leave one out.");
  requireOneStdin(args, companions);
  const added = args["add-scope"];
  const moreScopes = added === "-" ? await scopesFromStdin("--add-scope") : scopes(added, "--add-scope");
  const clientMetadataUrl = await clientMetadataUrlOf(cli, args["client-metadata-url"]);
  const via = args.via === undefined ? null : await vouching(session, definition, args.via, args["subject-token"]);
  const browser = args.browser ?? true;
  const qr = args.qr ?? false;
  const request: LoginRequest = {
    ...BARE_REQUEST,
    ref: target.ref,
    ...given,
    // The final URL is one of the browser's.
    ...(args.callback !== undefined && args.token === undefined && given.flow === null && { flow: "browser" as const }),
    ...(resource !== null && { resource }),
    ...(withoutResource && { withoutResource }),
    ...(moreScopes !== null && { moreScopes }),
    ...(clientMetadataUrl !== null && { clientMetadataUrl }),
    ...(target.api !== undefined && { api: target.api }),
    settings: { ...target.settings, ...given.settings },
    verify: args.verify ?? true,
    force: args.force ?? false,
    timeout: timeoutOf(args.timeout),
    port: portOf(args.port),
    redirectUri: address(args["redirect-uri"], "--redirect-uri"),
    asWritten: {
      ...credentialsGiven(args),
      ...(via !== null && { via: display(via) }),
      ...(!browser && { "no-browser": true as const }),
      ...(qr && { qr: true as const }),
    },
    canOpenBrowser: browser && canOpenBrowser(cli.context.env),
  };
  const { timeout, port } = request;
  const form = args.web ? (await import("./form.ts")).askByForm(cli, { browser, port, timeout }) : null;
  const pastes = args.token !== undefined;
  const asks = !cli.output.isJson && (await cli.interactive());
  const settings = asks
    ? await (await import("./ask.ts")).askMissingSettings(cli, session, request, pastes)
    : request.settings;
  return {
    request: { ...request, settings },
    display: {
      browser,
      qr,
      callback: args.callback !== undefined,
      timeout,
      form,
      ...(args["client-secret"] === "-" && {
        secretVariable: `${clientVariables(definition)}_SECRET`,
      }),
    },
    pastes,
    addsScopes: moreScopes !== null,
    secrets: async () => ({
      clientSecret: await givenSecret(cli, "client-secret", args["client-secret"]),
      token: await givenSecret(cli, "token", args.token),
      credential: { ...(await credentialOf(cli, args)), ...(via !== null && vouchedBy(via)) },
      companions: await readCompanions(cli, companions),
    }),
  };
}

/** @throws AuthError `usage` where the API doesn't name its issuer itself: an ID token is only sent to that one */
async function vouching(
  session: Session,
  { resource, title }: ProviderDefinition,
  via: string,
  subjectToken: string | undefined,
): Promise<ConnectionRef> {
  if (resource === undefined) throw usage(`--via does nothing for ${title}.`, "It is for MCP servers.");
  if (subjectToken !== undefined) throw usage("--via and --subject-token contradict each other.", "Leave one out.");
  return (await selectStored(session, via, undefined)).ref;
}

/** The input of a login for which another connection vouches. */
function vouchedBy(via: ConnectionRef): Credential {
  return { subjectToken: { secret: null, source: sourceOf(via) } };
}

/** The flag's, else the variable's. @throws AuthError `usage` */
export async function clientMetadataUrlOf(cli: Cli, flag: string | undefined): Promise<string | null> {
  const text = flag ?? cli.context.env.AUTH_CLIENT_METADATA_URL;
  if (flag === undefined && !text?.trim()) return null;
  const { requireClientMetadataUrl } = await import("../../connections/login/api.ts");
  return requireClientMetadataUrl(
    (text ?? "").trim(),
    flag === undefined ? "AUTH_CLIENT_METADATA_URL" : "--client-metadata-url",
  );
}

/** Only one thing can be read from standard input. */
function requireOneStdin(args: Readonly<Record<string, unknown>>, companions: readonly GivenCompanion[]): void {
  const fromStdin = ["client-secret", "token", "callback", "add-scope", ...Object.keys(CREDENTIALS)].filter(
    (flag) => args[flag] === "-",
  );
  if (fromStdin.length + companions.length > 1)
    throw usage("Only one of --token, --client-secret, --callback, --key … can be read from standard input.");
  if (args.callback !== undefined && args.callback !== "-")
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
