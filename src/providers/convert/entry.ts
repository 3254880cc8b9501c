/**
 * One entry of a catalogue in the format of Nango's `providers.yaml`: the fields that are read, all with limits. Of other
 * fields only the name is read.
 */
import * as v from "valibot";

const LONGEST_TEXT = 2_000;
const MOST_FIELDS = 200;

const text = v.pipe(v.string(), v.maxLength(LONGEST_TEXT));
/** YAML takes `true` and `1800` for what they look like; all of it goes over the wire as text. */
const scalar = v.pipe(v.union([text, v.number(), v.boolean()]), v.transform(String));
const texts = v.pipe(v.record(text, scalar), v.maxEntries(MOST_FIELDS));
const list = v.pipe(v.array(scalar), v.maxLength(MOST_FIELDS));
/** Written as `true`, or as the text "true". */
const flag = v.pipe(
  scalar,
  v.transform((value) => value === "true"),
);

/** A value that a person gives. Its examples, prefixes and notes are ignored. */
const property = v.object({
  title: v.nullish(text),
  format: v.nullish(text),
  pattern: v.nullish(text),
  enum: v.nullish(list),
  default_value: v.nullish(scalar),
  optional: v.nullish(flag),
  secret: v.nullish(flag),
  automated: v.nullish(flag),
});
const properties = v.pipe(v.record(text, property), v.maxEntries(MOST_FIELDS));

export const EntrySchema = v.object({
  display_name: v.nullish(text),
  auth_mode: text,
  authorization_url: v.nullish(text),
  authorization_params: v.nullish(texts),
  authorization_url_replacements: v.nullish(texts),
  authorization_url_fragment: v.nullish(text),
  authorization_url_skip_encode: v.nullish(list),
  authorization_url_skip_empty: v.nullish(flag),
  authorization_code_param_in_callback: v.nullish(text),
  redirect_uri_metadata: v.nullish(list),
  token_url: v.nullish(v.union([text, texts])),
  token_params: v.nullish(texts),
  token_headers: v.nullish(texts),
  token_request_auth_method: v.nullish(text),
  authorization_method: v.nullish(text),
  body_format: v.nullish(text),
  refresh_url: v.nullish(text),
  refresh_params: v.nullish(texts),
  refresh_token_params: v.nullish(texts),
  disable_pkce: v.nullish(flag),
  scope_separator: v.nullish(text),
  default_scopes: v.nullish(list),
  alternate_access_token_response_path: v.nullish(text),
  token_response_metadata: v.nullish(list),
  refresh_token_response_metadata: v.nullish(list),
  token_expires_in_ms: v.nullish(v.number()),
  expires_in_unit: v.nullish(text),
  token_expiration_buffer: v.nullish(v.number()),
  connection_config: v.nullish(properties),
  credentials: v.nullish(properties),
  proxy: v.nullish(v.object({ base_url: v.nullish(text), headers: v.nullish(texts), query: v.nullish(texts) })),
});

export type Entry = v.InferOutput<typeof EntrySchema>;
export type Property = v.InferOutput<typeof property>;

/** Fields about the catalogue's own product, or about calling the API: not about a login's tokens. */
export const UNRELATED: readonly string[] = [
  ...["alias", "auth", "categories", "decode_url", "docs", "docs_connect", "setup_guide_url", "available_scopes"],
  ...["connection_configuration", "integration_config", "post_connection_script", "pre_connection_deletion_script"],
  ...["credentials_verification_script", "webhook_routing_script", "webhook_user_defined_secret"],
  ...["webhook_allowed_query_params", "webhook_response_metadata"],
];
