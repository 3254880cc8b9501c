/** Clients that say by a word what they want: `get`, `store`, `erase`. */
import { ownValue } from "../../platform/json.ts";
import { BadRequest, type Call, type ClientRequest, type Protocol } from "./protocol.ts";

type Answer = (call: Call) => ClientRequest | Promise<ClientRequest>;

/** @returns what answers each of them; any other word is a BadRequest that lists them */
export function byVerb(verbs: Readonly<Record<string, Answer>>): Protocol["ask"] {
  return async (call) => {
    const answer = ownValue(verbs, call.words[0] ?? "");
    if (answer !== undefined) return answer(call);
    throw new BadRequest(`This is asked by ${Object.keys(verbs).join(", ")}.`);
  };
}

export function refuse(message: string): Answer {
  return () => {
    throw new BadRequest(message);
  };
}

/** What is refused is read to its end all the same: who writes it may not be ready for a closed pipe. */
export function refuseToStore(message: string): Answer {
  return async (call) => {
    await call.text();
    throw new BadRequest(message);
  };
}
