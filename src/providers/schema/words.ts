/** What the schema of a description is made of: kinds of text, flows, classes of error. */
import * as v from "valibot";

export const text = v.pipe(v.string(), v.nonEmpty());
export const template = v.pipe(v.string(), v.nonEmpty());
export const path = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/, "must be a dotted path"));
export const count = v.pipe(v.number(), v.integer(), v.minValue(0));
export const variable = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be the name of an environment variable"),
);
export const texts = v.record(text, text);
export const templates = v.record(text, template);
/** The standard's parameter → the provider's name for it; false: it is not sent. */
export const names = v.record(text, v.union([text, v.literal(false)]));

export const FLOWS = ["device", "browser", "token", "client-credentials", "jwt", "exchange", "code"] as const;
export const flow = v.picklist(FLOWS);

export const ERROR_CLASSES = [
  "transient",
  "dead",
  "client",
  "interaction",
  "pending",
  "slow_down",
  "denied",
  "expired",
] as const;
export const errorEntry = v.strictObject({
  class: v.picklist(ERROR_CLASSES),
  meaning: v.optional(text),
  /** `{redirectUri}` in it is the one to enter on the client's page. */
  remedy: v.optional(text),
});
