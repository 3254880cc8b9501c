/** A login from a code or in a browser, at endpoints that are scripted by their addresses. */
import type { LoginRequest, LoginUi } from "../../src/connections/login/request.ts";
import { login } from "../../src/connections/login.ts";
import type { Stored } from "../../src/connections/store.ts";
import type { AuthError } from "../../src/platform/errors.ts";
import type { HttpReply, HttpRequest } from "../../src/platform/http.ts";
import { Secret } from "../../src/platform/secret.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { MemoryVault } from "./memory-vault.ts";
import { json, LOGIN, servicesOf } from "./support.ts";

export interface Played {
  readonly vault: MemoryVault;
  /** Addresses without their query, and the parameters, in order. */
  readonly sent: { readonly url: string; readonly parameters: Readonly<Record<string, string>> }[];
  readonly warnings: string[];
  readonly stored: Stored | null;
  readonly error: AuthError | null;
}

type Answers = Readonly<Record<string, readonly [status: number, body: unknown]>>;

/**
 * @param answers address → status and body; what isn't there is answered by 404
 * @param answer parameters with which the browser comes back, beside code and state
 */
export async function playLogin(
  definition: ProviderDefinition,
  answers: Answers,
  different: Partial<LoginRequest> = {},
  answer: Readonly<Record<string, string>> = {},
  vault = new MemoryVault(),
): Promise<Played> {
  const sent: Played["sent"] = [];
  const warnings: string[] = [];
  const http = async ({ url, body }: HttpRequest): Promise<HttpReply> => {
    const { origin, pathname, searchParams } = new URL(url);
    const form = new URLSearchParams(typeof body === "string" ? body : "");
    sent.push({ url: origin + pathname, parameters: Object.fromEntries([...searchParams, ...form]) });
    const [status, reply] = answers[origin + pathname] ?? [404, {}];
    return json(status, reply);
  };
  const ui = {
    warn: (text: string) => warnings.push(text),
    authorize: async (page: string, redirectUri: string) => {
      const back = new URL(redirectUri);
      const state = new URL(page).searchParams.get("state") ?? "";
      for (const [name, value] of Object.entries({ state, code: "the-code-1", ...answer }))
        back.searchParams.set(name, value);
      return { pasted: async () => back.href };
    },
  } as unknown as LoginUi;
  const request: LoginRequest = {
    ...LOGIN,
    flow: "browser",
    clientId: "client",
    clientSecret: new Secret("s3cret-of-acme"),
    redirectUri: "https://app.example/callback",
    verify: true,
    ...different,
  };
  const services = servicesOf(vault, definition, { http } as never);
  const end = await login(services, request, ui).then(
    (stored) => ({ stored, error: null }),
    (error: AuthError) => ({ stored: null, error }),
  );
  return { vault, sent, warnings, ...end };
}
