/** A login that lacks a client or a key: a person is asked for it, on the terminal or by a form (CLI.md §4). */
import type { MissingClient } from "../connections/login/missing-client.ts";
import type { LoginRequest } from "../connections/login/request.ts";
import { AuthError } from "../platform/errors.ts";
import type { Cli } from "./context.ts";
import type { AskByForm } from "./login-form.ts";

/**
 * Runs the login; where something is missing and a person is there, once more with what they say.
 * @param form how to ask by a form, where that was asked for
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
    return login({ ...request, ...(await answers(cli, error, request, missing)) });
  }
}

type Answers = Pick<LoginRequest, "clientId" | "clientSecret" | "credential" | "token" | "flow">;

/** Where there are ways without a client the person chooses; else what the error says is shown, and what lacks asked for. */
async function answers(cli: Cli, error: AuthError, request: LoginRequest, missing: MissingClient): Promise<Answers> {
  const show = async (text: string): Promise<void> => {
    cli.output.notice(`${text}\n`);
    await cli.output.done();
  };
  const { command, token } = missing.ways ?? { command: null, token: null };
  const way = token === null ? null : await chooseWay(cli, missing);
  const pasted = { flow: "token" as const, clientId: null, clientSecret: null };
  if (way === "tool" && command !== null) {
    const { tokenFromTool } = await import("../platform/helper-programs.ts");
    return { ...pasted, token: await tokenFromTool(command, cli.context.env) };
  }
  if (way === "token") {
    if (token?.page != null) await show(`Make one: ${token.page}`);
    const { askSecret } = await import("../platform/prompt.ts");
    const secret = await askSecret(`${missing.title} token: `, cli.context.env);
    if (secret.reveal() === "") throw error;
    return { ...pasted, token: secret };
  }
  await show([error.message, ...(way === null ? [error.hint ?? ""] : missing.steps)].join("\n"));
  return { flow: request.flow, token: request.token, ...(await askClient(cli, error, request, missing)) };
}

async function chooseWay(cli: Cli, { title, ways }: MissingClient): Promise<string> {
  const [{ choose }, { hasTool }] = await Promise.all([
    import("../platform/menu.ts"),
    import("../platform/helper-programs.ts"),
  ]);
  const { env } = cli.context;
  const command = ways?.command ?? null;
  const runs = command !== null && hasTool(command, env);
  const tool = { value: "tool", label: "With the login that another tool has", hint: `runs ${command}` };
  const token = { value: "token", label: "With a token", hint: "made by hand" };
  const app = { value: "app", label: "With an app of your own", hint: "made once" };
  const choices = [...(runs ? [tool] : []), ...(ways?.token?.page == null ? [app, token] : [token, app])];
  return choose(`${title}: how do you log in?`, choices, env);
}

async function askClient(
  cli: Cli,
  error: AuthError,
  request: LoginRequest,
  { id, lacks }: MissingClient,
): Promise<Pick<LoginRequest, "clientId" | "clientSecret" | "credential">> {
  const { env } = cli.context;
  const { askSecret, askText } = await import("../platform/prompt.ts");
  const clientId = lacks.includes("id") ? (id ?? (await askText("Client id", env))) : id;
  if (clientId === "") throw error;
  if (lacks.includes("key")) {
    // A key has several lines: it comes from a file.
    const path = await askText("Key file", env);
    if (path === "") throw error;
    const { fileOf } = await import("./credential-flags.ts");
    const key = await fileOf(cli, path, "key");
    return { clientId, clientSecret: request.clientSecret, credential: { ...request.credential, key } };
  }
  if (request.clientSecret !== null || !lacks.includes("secret"))
    return { clientId, clientSecret: request.clientSecret };
  const clientSecret = await askSecret("Client secret: ", env);
  if (clientSecret.reveal() === "") throw error;
  return { clientId, clientSecret };
}
