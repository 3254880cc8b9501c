/** The functions of a module: their arguments and results. */
import * as v from "valibot";
import { optional } from "./words.ts";

/** A request as it is about to be sent: form or JSON fields, header names in lower case. */
export interface PluginRequest {
  readonly endpoint: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** A token endpoint's reply as it came: JSON or a form as data, anything else as text. */
export interface PluginReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Synchronous in a module, asynchronous through the worker. */
type Pure<Given, Answer> = (given: Given) => Answer | Promise<Answer>;

function pure<Given, Answer>() {
  return v.custom<Pure<Given, Answer>>((value) => typeof value === "function", "must be a function");
}

export const functions = v.strictObject({
  request: optional(
    pure<PluginRequest, Pick<PluginRequest, "parameters" | "headers">>(),
    "`{ endpoint, parameters, headers }` → `{ parameters, headers }` of a request to the provider.",
  ),
  reply: optional(
    pure<PluginReply, unknown>(),
    "`{ status, headers, body }` of a token reply → the body, which is then read as `reply` says.",
  ),
  account: optional(
    pure<unknown, unknown>(),
    "The body of an account reply → the body, which is then read as `account` says.",
  ),
});

export type PluginFunctions = v.InferOutput<typeof functions>;
