/**
 * A module's functions. The rest of the description is about their results, so the issuer behaves as if there were none.
 * They are tested separately, with good and bad replies. The caller checks the shape of each result (`plugins/module.ts`).
 */
import { messageOf } from "../platform/errors.ts";
import type { ProviderDefinition } from "../providers/schema.ts";
import { type CheckCase, insist, Mismatch } from "./check.ts";

export function withoutFunctions({ functions: _, ...data }: ProviderDefinition): ProviderDefinition {
  return data;
}

const HEADERS = { accept: "application/json", "content-type": "application/json" };
const CLIENT = { client_id: "check" };

const PARAMETERS = [
  { grant_type: "authorization_code", code: "check-code", redirect_uri: "http://127.0.0.1/callback", ...CLIENT },
  { grant_type: "refresh_token", refresh_token: "check-refresh", ...CLIENT },
];

const BODIES = [
  { access_token: "check-access", refresh_token: "check-refresh", token_type: "bearer", expires_in: 3600 },
  { error: "invalid_grant", error_description: "The grant is dead." },
  {},
];

/** @param definition with its functions */
export function functionCases({ functions = {}, endpoints = {} }: ProviderDefinition): CheckCase[] {
  const endpoint = Object.values(endpoints)[0] ?? "https://provider.example/token";
  const given: Readonly<Record<keyof typeof functions, readonly unknown[]>> = {
    request: PARAMETERS.map((parameters) => ({ endpoint, parameters, headers: HEADERS })),
    reply: BODIES.map((body) => ({ status: "error" in body ? 400 : 200, headers: HEADERS, body })),
    account: [{ sub: "4711", email: "ada@example.com" }, {}],
  };
  return Object.entries(functions).map(([name, call]) => ({
    name: `functions.${name}`,
    run: () => tryWith(call as Call, given[name as keyof typeof functions]),
  }));
}

type Call = (given: unknown) => unknown;

async function tryWith(call: Call, all: readonly unknown[]): Promise<string> {
  for (const given of all) {
    const [first, second] = [await answerOf(call, given), await answerOf(call, given)];
    insist(first === second, `it answers another thing each time, for ${JSON.stringify(given)}`);
  }
  return "the same answer each time, for good replies and bad ones";
}

/** As JSON. */
async function answerOf(call: Call, given: unknown): Promise<string | undefined> {
  try {
    return JSON.stringify(await call(given));
  } catch (error) {
    const words = messageOf(error);
    throw new Mismatch(`for ${JSON.stringify(given)} it throws: ${words}`);
  }
}
