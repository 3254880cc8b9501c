/** Key files of logins without a person: a bare key, or a JSON file of a kind that the provider gives out. */

import type { Client } from "../../oauth/types.ts";
import { AuthError } from "../../platform/errors.ts";
import { at, parseJson } from "../../platform/json.ts";
import { Secret } from "../../platform/secret.ts";
import { isSameOrigin } from "../../platform/url.ts";
import type { Minting } from "../../providers/minting.ts";
import { loginCommand } from "./command.ts";
import type { LoginPlan } from "./plan.ts";
import type { LoginRequest } from "./request.ts";

export interface KeyFile {
  /** PEM, as far as anyone knows. */
  readonly key: string;
  readonly values: Readonly<Record<string, string>>;
  /** It holds a login with a refresh token instead. */
  readonly login?: { readonly refreshToken: Secret; readonly client: Client };
}

/** A bare key, or a JSON file of a kind that the provider gives out. null: none was given. */
export function keyFile(
  { files = [] }: Minting,
  request: LoginRequest,
  { provider, server }: Pick<LoginPlan, "provider" | "server">,
): KeyFile | null {
  const text = request.credential?.key?.reveal();
  if (text === undefined) return null;
  if (!text.trimStart().startsWith("{")) {
    if (files.some(({ key }) => key !== undefined) && !text.includes("-----BEGIN"))
      throw notSuchFile(files.map(({ type }) => type));
    return { key: text, values: {} };
  }
  const json = parseJson(text);
  if (json === undefined) throw rejected("The key file is no whole JSON: it may be cut off.", "Pass the whole file.");
  const kind = files.find(({ type }) => at(json, "type") === type);
  if (kind === undefined) throw notSuchFile(files.map(({ type }) => type));
  const field = (path: string): string => {
    const value = at(json, path);
    if (typeof value === "string" && value !== "") return value;
    throw rejected(`The key file has no ${path}.`, "Download it once more, and pass the whole file.");
  };
  if (kind.endpoint !== undefined) {
    const command = `${loginCommand(provider.definition, request)} --endpoint token=<url>`;
    refuseForeignEndpoint(field(kind.endpoint), server.endpoints.token, command);
  }
  const values = Object.fromEntries(Object.entries(kind.values ?? {}).map(([name, path]) => [name, field(path)]));
  if (kind.login === undefined) return { key: field(kind.key ?? "key"), values };
  const { refreshToken, clientId, clientSecret } = kind.login;
  const { authentication } = provider.dialect.client;
  const client: Client = { id: field(clientId), secret: new Secret(field(clientSecret)), authentication };
  return { key: "", values, login: { refreshToken: new Secret(field(refreshToken)), client } };
}

/** A file from somewhere must not lead an assertion to somewhere else (RULES.md 3.1). */
function refuseForeignEndpoint(named: string, token: string | undefined, command: string): void {
  if (token !== undefined && isSameOrigin(named, token)) return;
  throw new AuthError("origin_mismatch", "The key file names a token endpoint of another origin.", {
    hint: `Nothing was sent. Look at the address in the file; if it is your provider's: ${command}`,
  });
}

function notSuchFile(types: readonly string[]): AuthError {
  return rejected(
    "This is not a key file that is known here.",
    types.length === 0 ? "Give the private key in PEM form." : `Known are JSON files of the type ${types.join(", ")}.`,
  );
}

function rejected(message: string, hint: string): AuthError {
  return new AuthError("token_rejected", message, { hint: `${hint} Nothing was stored.` });
}
