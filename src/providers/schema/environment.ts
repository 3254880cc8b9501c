/** The variables that a provider's own tools and libraries read. */
import * as v from "valibot";
import { optional, templates, variable } from "./words.ts";

export const environment = v.strictObject({
  read: optional(v.array(variable), "Those that its ecosystem's tools read, in order."),
  write: optional(
    templates,
    "Those that `auth run` and `auth export` set: variable → value. `{token}` alone under a name such as `ACME_TOKEN`; a host, or one setting that a person gave, under others (docs/providers.md). Default: `<ID>_TOKEN`.",
  ),
  baseUrl: optional(
    v.record(
      variable,
      v.pipe(v.string(), v.regex(/^(\/[A-Za-z0-9._~-]+)*$/, "must be a path without a slash at its end")),
    ),
    "Those by which its libraries are told of another address of the API: variable → the path that the API's own has there, such as `/v1`; may be empty. Their names end in `_BASE_URL`, `_API_URL`, `_API_BASE` or the like. `auth proxy` says their values, and `run --proxy` sets them by `--base-url`.",
  ),
});
