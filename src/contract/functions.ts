/**
 * A module's functions. What they turn a provider's own forms into is what the rest of the description is about, so it
 * is played without them; they are tried by themselves, with what a good day brings and with what a bad one does.
 */
import type { ProviderDefinition } from "../providers/schema.ts";
import { type CheckCase, insist, Mismatch } from "./check.ts";

type Functions = Readonly<Partial<Record<"request" | "reply" | "account", (given: unknown) => unknown>>>;

export function withoutFunctions(definition: ProviderDefinition): ProviderDefinition {
  const { functions: _, ...data } = definition as ProviderDefinition & { functions?: unknown };
  return data;
}

/** @param definition with its functions */
export function functionCases(definition: ProviderDefinition): CheckCase[] {
  const { functions = {} } = definition as unknown as { functions?: Functions };
  const endpoint = Object.values(definition.endpoints ?? {})[0] ?? "https://provider.example/token";
  const requests = PARAMETERS.map((parameters) => ({ endpoint, parameters, headers: HEADERS }));
  const replies = BODIES.map((body) => ({ status: "error" in body ? 400 : 200, headers: HEADERS, body }));
  const all = [
    tried(functions, "request", requests, isRequest, "{ parameters, headers } of texts"),
    tried(functions, "reply", replies, isGroup, "the body as a group of fields"),
    tried(functions, "account", ACCOUNTS, isGroup, "the body as a group of fields"),
  ];
  return all.filter((one) => one !== null);
}

const HEADERS = { accept: "application/json", "content-type": "application/json" };

const PARAMETERS = [
  {
    grant_type: "authorization_code",
    code: "check-code",
    redirect_uri: "http://127.0.0.1/callback",
    client_id: "check",
  },
  { grant_type: "refresh_token", refresh_token: "check-refresh", client_id: "check" },
];

const BODIES = [
  { access_token: "check-access", refresh_token: "check-refresh", token_type: "bearer", expires_in: 3600 },
  { error: "invalid_grant", error_description: "The grant is dead." },
  {},
];

const ACCOUNTS = [{ sub: "4711", email: "ada@example.com" }, {}];

/** null where the module has no such function. */
function tried(
  functions: Functions,
  name: keyof Functions,
  givens: readonly unknown[],
  isAnswer: (answer: unknown) => boolean,
  wanted: string,
): CheckCase | null {
  const call = functions[name];
  if (call === undefined) return null;
  return {
    name: `functions.${name}`,
    run: async () => {
      for (const given of givens) {
        const before = JSON.stringify(given);
        const [first, second] = [await answerOf(call, given), await answerOf(call, given)];
        insist(isAnswer(first), `for ${before} it answers ${shortened(first)}; wanted is ${wanted}`);
        insist(JSON.stringify(first) === JSON.stringify(second), `it answers another thing each time, for ${before}`);
        insist(JSON.stringify(given) === before, `it changes what it is given, ${before}`);
      }
      return "the same answer each time, for good days and bad ones";
    },
  };
}

async function answerOf(call: (given: unknown) => unknown, given: unknown): Promise<unknown> {
  try {
    return await call(given);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new Mismatch(`for ${JSON.stringify(given)} it throws: ${words}`);
  }
}

function isRequest(answer: unknown): boolean {
  if (!isGroup(answer)) return false;
  const { parameters = {}, headers = {} } = answer;
  return [parameters, headers].every(
    (part) => isGroup(part) && Object.values(part).every((value) => typeof value === "string"),
  );
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shortened(value: unknown): string {
  return (JSON.stringify(value) ?? typeof value).slice(0, 100);
}
