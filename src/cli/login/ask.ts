/** Asks a person for what a login lacks, on the terminal or by a form (CLI.md §4). */
import type { MissingClient } from "../../connections/login/missing-client.ts";
import type { LoginRequest } from "../../connections/login/request.ts";
import { loginSettings } from "../../connections/login/settings.ts";
import { DEFAULT_NAME } from "../../connections/ref.ts";
import { readConnection } from "../../connections/store.ts";
import { AuthError } from "../../platform/errors.ts";
import { hasTool, tokenFromTool } from "../../platform/helper-programs.ts";
import { choose } from "../../platform/menu.ts";
import { askSecret, askText } from "../../platform/prompt.ts";
import { likelyKeyVariable } from "../../providers/environment.ts";
import { chooseFlow } from "../../providers/flows.ts";
import { mintingOf } from "../../providers/minting.ts";
import { acceptSetting } from "../../providers/settings.ts";
import type { Cli } from "../context.ts";
import { requireBare } from "../input.ts";
import type { Session } from "../session.ts";
import { credentialFile } from "./credentials.ts";
import type { AskByForm } from "./form.ts";

/**
 * Asks for required settings.
 * @returns the request's settings, with the answers. An empty answer is left to the error that the login ends with.
 */
export async function askMissingSettings(
  cli: Cli,
  session: Session,
  request: LoginRequest,
  pastes: boolean,
): Promise<Readonly<Record<string, string>>> {
  const definition = await session.registry.get(request.ref.provider);
  const vault = await session.vault();
  const profile = vault === null ? null : ((await readConnection(vault, request.ref))?.record ?? null);
  const known = loginSettings(definition, request.settings, cli.context, profile).values;
  const circumstances = { secret: false, browser: request.canOpenBrowser, scopes: [] };
  const flow = pastes ? "token" : (request.flow ?? chooseFlow(definition, circumstances));
  const needs = mintingOf(definition, flow)?.needs ?? [];
  const answers: Record<string, string> = {};
  for (const [name, setting] of Object.entries(definition.settings ?? {})) {
    if (
      setting.kind === "variable" &&
      profile === null &&
      known[name] === undefined &&
      request.ref.name !== DEFAULT_NAME
    )
      await untilValid(cli, async () => {
        const answer = await askText(setting.title, cli.context.env, likelyKeyVariable(request.ref.name));
        answers[name] = acceptSetting(setting, answer, "That");
      });
    const needed = needs.includes(name) || (setting.required === true && (setting.flows?.includes(flow) ?? true));
    const given = known[name] ?? setting.default ?? (name === "issuer" ? request.issuer : undefined);
    if (!needed || given != null) continue;
    await untilValid(cli, async () => {
      const choices = setting.choices === undefined ? "" : ` (${setting.choices.join(", ")})`;
      const answer = await askText(`${setting.title}${choices}`, cli.context.env);
      if (answer !== "") answers[name] = acceptSetting(setting, answer, "That");
    });
  }
  return { ...request.settings, ...answers };
}

/** Asks again after an invalid answer. Ctrl-C ends it. */
export async function untilValid<T>(cli: Cli, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof AuthError) || error.code !== "usage") throw error;
      cli.output.notice(error.message);
      await cli.output.done();
    }
  }
}

/**
 * Runs the login. Where a client or a key is missing, it asks the person, if there is one, and runs it again.
 * @param form how to ask by a form, with `--web`
 */
export async function offeringToTakeClient<T>(
  cli: Cli,
  request: LoginRequest,
  form: AskByForm | null,
  login: (request: LoginRequest) => Promise<T>,
): Promise<T> {
  try {
    return await login(request);
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== "client_missing") throw error;
    const missing = error.cause as MissingClient | undefined;
    if (missing === undefined) throw error;
    if (form !== null) return login({ ...request, ...(await form.missing(missing, request)) });
    if (cli.output.isJson || !(await cli.interactive())) throw error;
    return login({ ...request, ...(await askWayIn(cli, error, request, missing)) });
  }
}

/** Lets the person choose where there are ways without a client; else shows the error, and asks for what is missing. */
async function askWayIn(
  cli: Cli,
  error: AuthError,
  request: LoginRequest,
  missing: MissingClient,
): Promise<Partial<LoginRequest>> {
  const { env } = cli.context;
  const show = async (...lines: string[]): Promise<void> => {
    cli.output.notice([...lines, ""]);
    await cli.output.done();
  };
  const { command, token } = missing.ways ?? { command: null, token: null };
  const way = token === null ? null : await chooseWay(missing, env);
  const pasted = { flow: "token", clientId: null, clientSecret: null } as const;
  if (way === "tool" && command !== null) return { ...pasted, token: await tokenFromTool(command.split(" "), env) };
  if (way === "token") {
    if (token?.page != null) await show(`Make one: ${token.page}`);
    const secret = await askSecret(`${missing.title} token: `, env);
    if (secret.reveal() === "") throw error;
    return { ...pasted, token: secret };
  }
  await show(error.message, ...(way === null ? (error.hint ?? "").split("\n") : missing.steps));
  return askClient(cli, error, request, missing);
}

function chooseWay({ title, ways }: MissingClient, env: Cli["context"]["env"]): Promise<string> {
  const command = ways?.command ?? null;
  const runs = command !== null && hasTool(command, env);
  const tool = { value: "tool", label: "With the login that another tool has", hint: `runs ${command}` };
  const token = { value: "token", label: "With a token", hint: "made by hand" };
  const app = { value: "app", label: "With an app of your own", hint: "made once" };
  const choices = [...(runs ? [tool] : []), ...(ways?.token?.page == null ? [app, token] : [token, app])];
  return choose(`${title}: how do you log in?`, choices, env);
}

/** @throws `error` for an empty answer */
async function askClient(
  cli: Cli,
  error: AuthError,
  request: LoginRequest,
  { id, lacks }: MissingClient,
): Promise<Partial<LoginRequest>> {
  const { env } = cli.context;
  const clientId = lacks.includes("id") ? (id ?? (await askText("Client id", env))) : id;
  if (clientId === "") throw error;
  if (lacks.includes("key")) {
    // A key has several lines: it comes from a file.
    const path = await askText("Key file", env);
    if (path === "") throw error;
    return { clientId, credential: { ...request.credential, key: await credentialFile(cli, path, "key") } };
  }
  if (request.clientSecret !== null || !lacks.includes("secret")) return { clientId };
  const clientSecret = await untilValid(cli, async () => {
    const typed = await askSecret("Client secret: ", env);
    requireBare(typed, "Client secret");
    return typed;
  });
  if (clientSecret.reveal() === "") throw error;
  return { clientId, clientSecret };
}
