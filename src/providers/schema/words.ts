/** Parts of a description's schema: fields with their texts, kinds of text, flows, classes of error. */
import * as v from "valibot";

/** A field that must be given. Its text is what editors and docs/provider-contract.md say of it. */
export function required<S extends v.GenericSchema>(schema: S, text: string) {
  return v.pipe(schema, v.description<v.InferOutput<S>, string>(text));
}

/** A field that may be left out. The text goes around the schema, so that a shared group stays one `$ref`. */
export function optional<S extends v.GenericSchema>(schema: S, text: string) {
  return required(v.optional(schema), text);
}

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
  class: required(
    v.picklist(ERROR_CLASSES),
    "`dead`: log in again. `client`: the client is refused. `interaction`: a person must act. `transient`: it passes. `denied`, `expired`, `pending`, `slow_down`: of a login; `denied` with HTTP 401, for a client that proved itself, is `client`.",
  ),
  meaning: optional(text, "What happened, in a sentence."),
  remedy: optional(
    text,
    "What helps, in a sentence. `{redirectUri}` in it is the one to enter on the client's page; `{setClient}`, the command that gives the client anew.",
  ),
});
/** The provider's code → its class, or its class with words. */
export const errorCodes = v.record(text, v.union([v.picklist(ERROR_CLASSES), errorEntry]));
