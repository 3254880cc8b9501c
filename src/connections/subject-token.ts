/**
 * Another issuer's token that vouches for us (RFC 8693 §2.1, RFC 7521): given once, or fetched each time from where it
 * is renewed. A CI system gives one to each job that asks.
 */
import * as v from "valibot";
import { isPassingStatus } from "../oauth/classify.ts";
import type { Context } from "../platform/context.ts";
import { AuthError } from "../platform/errors.ts";
import { HttpError } from "../platform/http-failure.ts";
import { Secret } from "../platform/secret.ts";
import type { Mint } from "./record.ts";
import { type ConnectionRef, DEFAULT_NAME, display, parseSelector } from "./ref.ts";

/** What `--subject-token` may name, besides a file and standard input. */
export const CI_SYSTEMS = ["github-actions", "gitlab"] as const;
/** As a usage line writes what the flag takes. */
export const SUBJECT_TOKEN_FORMS = ["file:<path>", "-", ...CI_SYSTEMS].join("|");
const CONNECTION = "connection:";

/** The source of a login for which another connection vouches (`--via`). */
export function sourceOf(via: ConnectionRef): string {
  return `${CONNECTION}${display(via)}`;
}

/** The connection that vouches for a login; null where none does. */
export function vouchingConnection({ source }: Pick<Mint, "source">): ConnectionRef | null {
  if (!source?.startsWith(CONNECTION)) return null;
  const { provider, name } = parseSelector(source.slice(CONNECTION.length));
  return { provider, name: name ?? DEFAULT_NAME };
}

type SubjectContext = Pick<Context, "env" | "http">;
type CiSystem = (typeof CI_SYSTEMS)[number];

/**
 * @param audience whom the token must be for
 * @throws AuthError `client_missing` when it can't be had here
 */
export async function subjectToken(context: SubjectContext, mint: Mint, audience: string | null): Promise<Secret> {
  const { source, secret } = mint;
  if (source === null) {
    if (secret !== null) return secret;
    throw missing("The other issuer's token is missing.", "Log in again with --subject-token.");
  }
  if (source.startsWith("file:")) return fromFile(source.slice("file:".length));
  return BY_SYSTEM[source as CiSystem](context, audience);
}

const BY_SYSTEM: Readonly<Record<CiSystem, (context: SubjectContext, audience: string | null) => Promise<Secret>>> = {
  [CI_SYSTEMS[0]]: fromActions,
  [CI_SYSTEMS[1]]: async ({ env }) => {
    const token = env[JOB_TOKEN]?.trim();
    if (token) return new Secret(token);
    throw missing(`${JOB_TOKEN} is not set.`, `Ask for it in the job: id_tokens: { ${JOB_TOKEN}: { aud: … } }`);
  },
};

/** The name that the documentation's examples use. */
const JOB_TOKEN = "GITLAB_OIDC_TOKEN";

async function fromFile(path: string): Promise<Secret> {
  const { readCredentialFile } = await import("../platform/credential-file.ts");
  try {
    const { text } = await readCredentialFile(path);
    return new Secret(text.reveal().trim());
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    throw missing(error.message, "Whatever writes this file has to run first.");
  }
}

const Answer = v.object({ value: v.pipe(v.string(), v.nonEmpty()) });

async function fromActions({ env, http }: SubjectContext, audience: string | null): Promise<Secret> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: address } = env;
  const token = env.ACTIONS_ID_TOKEN_REQUEST_TOKEN?.trim();
  const url = URL.parse(address ?? "");
  if (url === null || !token)
    throw missing(
      "ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN are not set.",
      "Give the job the right to ask for one: permissions: { id-token: write }",
    );
  if (audience !== null) url.searchParams.set("audience", audience);
  try {
    const headers = { authorization: `bearer ${token}`, accept: "application/json" };
    const reply = await http({ method: "GET", url: url.href, headers, retry: true });
    const answer = v.safeParse(v.pipe(v.string(), v.parseJson(), Answer), new TextDecoder().decode(reply.body));
    if (reply.status === 200 && answer.success) return new Secret(answer.output.value);
    throw new AuthError("provider_unavailable", `The CI system gave no token (HTTP ${reply.status}).`, {
      hint: isPassingStatus(reply.status)
        ? "Try again later."
        : "Give the job the right to ask for one: permissions: { id-token: write }",
    });
  } catch (error) {
    if (error instanceof HttpError)
      throw new AuthError("network", `The CI system gave no token: ${error.reason}.`, { hint: error.remedy });
    if (error instanceof TypeError)
      throw missing("ACTIONS_ID_TOKEN_REQUEST_URL is no https address.", "Is this a job of that CI system?");
    throw error;
  }
}

function missing(message: string, hint: string): AuthError {
  return new AuthError("client_missing", message, { hint });
}
