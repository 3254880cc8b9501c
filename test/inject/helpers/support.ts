/** Plays a client to a protocol, without a vault behind it. */
import type { Call, ClientRequest, Credential, Protocol, Reply } from "../../../src/inject/helpers/protocol.ts";
import { Secret } from "../../../src/platform/secret.ts";

export function callOf(words: readonly string[], stdin: string, env: Record<string, string> = {}): Call {
  let left = stdin;
  return {
    words,
    env,
    async line() {
      if (left === "") return null;
      const [line = ""] = left.split("\n", 1);
      left = left.slice(line.length + 1);
      return line;
    },
    async text() {
      const all = left;
      left = "";
      return all;
    },
  };
}

export async function asked(
  protocol: Protocol,
  words: readonly string[],
  stdin: string,
  env?: Record<string, string>,
): Promise<ClientRequest | null> {
  return protocol.ask(callOf(words, stdin, env));
}

export function credential(more: Partial<Credential> = {}): Credential {
  const token = new Secret("t0ken");
  return {
    token,
    userName: "oauth2",
    expiresAt: null,
    now: Date.UTC(2026, 0, 2),
    isPasted: false,
    settings: {},
    organization: null,
    origins: [],
    send: async () => ({ status: 500, text: "" }),
    headers: async () => [{ name: "Authorization", value: new Secret("Bearer t0ken") }],
    ...more,
  };
}

/** The reply, with a token where one is asked for. */
export async function told(
  protocol: Protocol,
  words: readonly string[],
  stdin: string,
  with_ = credential(),
  env?: Record<string, string>,
): Promise<Reply> {
  const request = await asked(protocol, words, stdin, env);
  if (request === null) throw new Error("nothing was asked");
  return request.kind === "token" ? request.answer(with_) : request.reply;
}
