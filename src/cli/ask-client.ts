/** A login that lacks a client or a key: a person is asked for it, on the terminal or by a form (CLI.md §4). */
import type { MissingClient } from "../connections/login/client.ts";
import type { LoginRequest } from "../connections/login/request.ts";
import { AuthError } from "../platform/errors.ts";
import type { Cli } from "./context.ts";
import { errorText } from "./exit.ts";
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
    // A key has several lines: it comes from a file.
    if (cli.output.isJson || missing.lacks.includes("key") || !(await cli.interactive())) throw error;
    cli.output.notice(`${errorText(error)}\n`);
    await cli.output.done();
    return login({ ...request, ...(await askClient(error, request, missing)) });
  }
}

async function askClient(
  error: AuthError,
  request: LoginRequest,
  { id, lacks }: MissingClient,
): Promise<Pick<LoginRequest, "clientId" | "clientSecret">> {
  const { askSecret, askText } = await import("../platform/prompt.ts");
  const clientId = id ?? (await askText("Client id"));
  if (clientId === "") throw error;
  if (request.clientSecret !== null || !lacks.includes("secret"))
    return { clientId, clientSecret: request.clientSecret };
  const clientSecret = await askSecret("Client secret: ");
  if (clientSecret.reveal() === "") throw error;
  return { clientId, clientSecret };
}
