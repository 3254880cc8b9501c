/** The functions that a module may have: what each gets and answers. */
import * as v from "valibot";

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

/** In a module it answers at once; called through the worker it takes a while. */
type Pure<Given, Answer> = (given: Given) => Answer | Promise<Answer>;

function pure<Given, Answer>() {
  return v.optional(v.custom<Pure<Given, Answer>>((value) => typeof value === "function", "must be a function"));
}

/**
 * What data can't say, in modules only. Each gets what would be used, and answers what is used instead. Pure: no
 * network, no vault, a deadline.
 */
export const functions = v.strictObject({
  /** Parameters and headers of a request to one of its endpoints. */
  request: pure<PluginRequest, Pick<PluginRequest, "parameters" | "headers">>(),
  /** The body of a token reply, which is then read as `reply` says. */
  reply: pure<PluginReply, unknown>(),
  /** The body of an account reply, which is then read as `account` says. */
  account: pure<unknown, unknown>(),
});

export type PluginFunctions = v.InferOutput<typeof functions>;
