/** A login that lacks a client: on a terminal it offers to take one (CLI.md §4). */
import type { MissingClient } from "../connections/login/client.ts";
import type { LoginRequest } from "../connections/login/request.ts";
import { AuthError } from "../platform/errors.ts";
import type { Cli } from "./context.ts";
import { errorText } from "./exit.ts";

/** Runs the login; where a client is missing and a person is there, once more with what they say. */
export async function offeringToTakeClient<T>(
  cli: Cli,
  request: LoginRequest,
  login: (request: LoginRequest) => Promise<T>,
): Promise<T> {
  try {
    return await login(request);
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== "client_missing") throw error;
    if (cli.output.isJson || !(await cli.interactive())) throw error;
    cli.output.notice(`${errorText(error)}\n`);
    await cli.output.done();
    return login({ ...request, ...(await askClient(error, request, error.cause as MissingClient)) });
  }
}

async function askClient(
  error: AuthError,
  request: LoginRequest,
  { id, needsSecret }: MissingClient,
): Promise<Pick<LoginRequest, "clientId" | "clientSecret">> {
  const { askSecret, askText } = await import("../platform/prompt.ts");
  const clientId = id ?? (await askText("Client id"));
  if (clientId === "") throw error;
  if (request.clientSecret !== null || !needsSecret) return { clientId, clientSecret: request.clientSecret };
  const clientSecret = await askSecret("Client secret: ");
  if (clientSecret.reveal() === "") throw error;
  return { clientId, clientSecret };
}
