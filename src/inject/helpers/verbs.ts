/** Clients whose first argument is a verb: `get`, `store`, `erase`. */
import { ownValue } from "../../platform/json.ts";
import { BadRequest, type Call, type ClientRequest, type Protocol } from "./protocol.ts";

type Answer = (call: Call) => ClientRequest | Promise<ClientRequest>;

/** @returns `ask` for a client with these verbs. Any other is a BadRequest that lists them. */
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

/** Reads the input to its end first: the client may not expect a closed pipe. */
export function refuseToStore(message: string): Answer {
  return async (call) => {
    await call.text();
    throw new BadRequest(message);
  };
}
