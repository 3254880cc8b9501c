/** The schema of companions, which are sent with every token in their own headers. */
import * as v from "valibot";
import { optional, required, template, text, variable } from "./words.ts";

const companion = v.strictObject({
  title: required(text, "One line for help, and what a person is asked for."),
  header: required(
    template,
    "Its header: `X-Api-Key: {secret}`, a template over the settings, `{clientId}` and `{secret}`. The secret is given at login, and kept as tokens are; without `{secret}` nothing is asked for.",
  ),
  variable: optional(
    variable,
    "The variable by which `auth run` and `auth export` hand over the header's value, and from which a login reads the secret. Default, where there is a secret: `<ID>_<NAME>`.",
  ),
  required: optional(v.boolean(), "A login without the secret is refused."),
});

export const companions = v.record(v.pipe(v.string(), v.regex(/^[a-z][A-Za-z0-9]*$/)), companion);
