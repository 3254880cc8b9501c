/** Performs a login, from the request to its message. It asks about a replaced login before it reads any secret. */
import { keepOrReplace, loginCommand } from "../../connections/login/command.ts";
import type { LoginRequest } from "../../connections/login/request.ts";
import { login, refuseTakenName } from "../../connections/login.ts";
import { type ConnectionRef, display } from "../../connections/ref.ts";
import { ignoresEnvironment } from "../../connections/select.ts";
import { stateOf } from "../../connections/status.ts";
import type { Stored } from "../../connections/store.ts";
import { iso } from "../../connections/view.ts";
import { withToken } from "../../inject/variables.ts";
import { canOpenBrowser } from "../../platform/browser.ts";
import { AuthError, usage } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import { Secret } from "../../platform/secret.ts";
import { commandLine } from "../../platform/shell-word.ts";
import { isSameUrl } from "../../platform/url.ts";
import {
  choosesItsVariable,
  environmentToken,
  likelyKeyVariable,
  variableSetting,
} from "../../providers/environment.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";
import { toolVariables } from "../../providers/tool-variables.ts";
import type { Cli } from "../context.ts";
import { asAuthError } from "../exit.ts";
import { loginLife } from "../lifetime.ts";
import type { Session } from "../session.ts";
import { offeringToTakeClient } from "./ask.ts";
import { createLoginUi, type LoginDisplay } from "./ui.ts";

/** A login with no flags at all. */
export const BARE_REQUEST: Omit<LoginRequest, "ref" | "canOpenBrowser"> = {
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

export interface LoginCall {
  readonly request: LoginRequest;
  readonly display: LoginDisplay;
  /** Whether a token is given, rather than got by a flow. */
  readonly pastes: boolean;
  /** Whether it is for more scopes (`--add-scope`): then there is no question about replacing the login. */
  readonly addsScopes?: boolean;
  /** Reads standard input or a prompt, called only once it is certain that the login goes on. */
  readonly secrets: () => Promise<Pick<LoginRequest, "clientSecret" | "token" | "credential" | "companions">>;
}

export async function performLogin(cli: Cli, session: Session, call: LoginCall): Promise<void> {
  const existing = await refuseTakenName(await session.services(), call.request, call.pastes);
  if (existing !== null && !call.request.force && !(await mayReplace(cli, session, existing, call))) {
    if (cli.output.isJson) await cli.output.event(connectedEvent(existing));
    return;
  }
  const request = { ...call.request, ...(await call.secrets()) };
  const stored = await loginOrExplain(cli, session, request, call.display);
  if (cli.output.isJson) await cli.output.event(connectedEvent(stored));
  // A token or key that replaces another of the same place and account.
  const isPasted = (one: Stored | null): boolean =>
    one !== null && one.record.tokens !== null && one.record.kind !== "oauth";
  const done = isPasted(existing) && isPasted(stored) ? "Replaced the token of" : "Logged in to";
  const whose = stored.record.account === null ? "" : whom(stored);
  cli.output.success(`${done} ${display(stored.ref)}${whose}${loginLife(stored, session.context.now())}`);
  await sayVariable(cli, session, stored);
  await warnOfShadow(cli, session, stored.ref);
}

/** Names the variable, where each login chooses one and this one didn't: two of them would use the same. */
async function sayVariable(cli: Cli, session: Session, { ref, record }: Stored): Promise<void> {
  const definition = await session.registry.get(ref.provider);
  const setting = choosesItsVariable(definition) ? variableSetting(definition) : null;
  if (setting === null || record.settings[setting] !== undefined) return;
  const command = ["auth", "profile", "edit", display(ref), "--set", `${setting}=${likelyKeyVariable(ref.name)}`];
  cli.output.say(
    `Programs get it as ${toolNames(definition, record.settings)}. Under a name of its own: ${commandLine(command)}`,
  );
}

function toolNames(definition: ProviderDefinition, settings: Readonly<Record<string, string>>): string {
  return Object.keys(withToken(toolVariables(definition, settings), new Secret("t"))).join(", ");
}

/** `auth token --login`: logs in as `auth login` without flags. @param wanted scopes that the token must have */
export async function loginInteractively(
  cli: Cli,
  session: Session,
  ref: ConnectionRef,
  wanted: readonly string[] | null,
): Promise<void> {
  const moreScopes = wanted === null ? {} : { moreScopes: wanted };
  await performLogin(cli, session, {
    request: { ...BARE_REQUEST, ref, ...moreScopes, canOpenBrowser: canOpenBrowser(cli.context.env) },
    display: { browser: true, qr: false, callback: false, timeout: null, form: null },
    pastes: false,
    secrets: async () => ({ clientSecret: null, token: null }),
  });
}

/**
 * Whether the login goes on although the name holds one already (CLI.md §4). Another account or place is refused later,
 * whatever is answered here: that needs `--force`.
 *
 * @returns false: nothing is to be done
 * @throws AuthError `usage` where a pasted token would replace a login and no person can be asked
 */
async function mayReplace(
  cli: Cli,
  session: Session,
  existing: Stored,
  { request, pastes, addsScopes = false }: LoginCall,
): Promise<boolean> {
  const { status } = stateOf(existing.record, cli.context.now());
  const definition = await session.registry.get(request.ref.provider);
  const ask = async (question: string): Promise<boolean> =>
    (await import("../../platform/prompt.ts")).confirm(question);
  if (pastes) {
    if (existing.record.kind !== "oauth" || status === "not_connected" || status === "invalid") return true;
    // A login that can be refreshed is worth more than a pasted token.
    const whose = existing.record.account === null ? "" : whom(existing);
    const what = `${display(existing.ref)} is a login${whose} that is renewed by itself`;
    if (await cli.interactive()) return ask(`${what}. Replace it with a token?`);
    throw usage(`${what}: a token would replace it.`, keepOrReplace(definition, request, { token: "-" }));
  }
  if (status !== "connected" || (addsScopes && asksForMore(existing, request)) || isElsewhere(existing, request))
    return true;
  const message = `Already logged in${whom(existing)}`;
  if (await cli.interactive()) return ask(`${message}. Log in again?`);
  cli.output.say(message);
  cli.output.say(`To log in again: ${loginCommand(definition, request, { force: true })}`);
  return false;
}

/** Whether the login lacks some of the scopes (`--add-scope`). */
function asksForMore({ record }: Stored, { moreScopes = [] }: LoginRequest): boolean {
  return moreScopes.some((scope) => !record.tokens?.scopes.includes(scope));
}

/** The API takes tokens of another issuer than at the login: the old ones are useless. */
function isElsewhere({ record: { pinned } }: Stored, { api }: LoginRequest): boolean {
  const issuer = pinned?.issuer;
  return api !== undefined && issuer != null && !api.issuers.some((one) => isSameUrl(one, issuer));
}

/** ` as octocat`, or ` (github:work)` where the account isn't known. */
function whom({ ref, record }: Stored): string {
  const label = record.account?.label ?? record.account?.id;
  return label ? ` as ${escapeText(label)}` : ` (${display(ref)})`;
}

export async function loginOrExplain(
  cli: Cli,
  session: Session,
  request: LoginRequest,
  how: LoginDisplay,
): Promise<Stored> {
  const ui = await createLoginUi(cli, how);
  try {
    const stored = await offeringToTakeClient(cli, request, how.form, async (asked) =>
      login(await session.services(), asked, ui),
    );
    await cli.context.audit({ event: "login", status: "success", connection: display(stored.ref) });
    return stored;
  } catch (error) {
    const connection = display(request.ref);
    const failure = concerning(connection, asAuthError(error));
    const { code, message, detail } = failure;
    if (code !== "usage")
      await cli.context.audit({ event: "login", status: "failure", connection, code, message, detail: detail ?? null });
    throw failure;
  } finally {
    ui.close();
  }
}

/** Adds the connection to errors of a login, except those about the command line. */
function concerning(connection: string, error: AuthError): AuthError {
  if (error.connection !== undefined || error.code === "usage") return error;
  return error.restated({ connection });
}

function connectedEvent({ ref, record: { account, tokens } }: Stored) {
  return {
    event: "connected",
    connection: display(ref),
    account: account?.label ?? account?.id ?? null,
    scopes: tokens?.scopes ?? [],
    expiresAt: tokens?.expiresAt == null ? null : iso(tokens.expiresAt),
    refreshable: tokens?.refreshToken != null,
  };
}

/** Warns of a token in the environment that takes precedence over the new login. */
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
