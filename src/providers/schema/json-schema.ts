/** The JSON Schema (draft 2020-12) of a provider's description, made from its valibot schema. */
import { type OverrideSchemaContext, toJsonSchema } from "@valibot/to-json-schema";
import { endpoints, ProviderSchema } from "../schema.ts";
import { reply, request } from "./dialect.ts";
import { environment } from "./environment.ts";
import { replaceable } from "./minting.ts";
import { errorEntry } from "./words.ts";

/** As much of JSON Schema as a description's needs. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: "string" | "integer" | "boolean" | "array" | "object";
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly string[];
  readonly const?: string | boolean;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly propertyNames?: JsonSchema;
  readonly additionalProperties?: JsonSchema | false;
  readonly anyOf?: readonly JsonSchema[];
  readonly not?: JsonSchema;
}

/** Groups of several fields, each with its own definition. */
const SHARED = { endpoints, environment, request, reply, errorEntry, replaceable };

/** Of every description. A function, which only a module can have, is `not: {}`: no JSON value matches. */
export function definitionSchema(): JsonSchema {
  return toJsonSchema(ProviderSchema, { target: "draft-2020-12", definitions: SHARED, overrideSchema }) as JsonSchema;
}

/** Of manifests, for editors: TOML and JSON can't hold functions, and a manifest may extend another description. */
export function manifestSchema(): JsonSchema {
  const {
    $schema = "",
    $defs = {},
    properties: { functions: _, ...properties } = {},
    required = [],
    ...rest
  } = definitionSchema();
  return {
    $schema,
    title: "A provider of auth",
    description: "Describes a service that `auth` logs in to. Check it: auth provider check <file>",
    ...rest,
    // A manifest that extends another only has the differences.
    anyOf: [{ required }, { required: ["extends", "id"] }],
    properties: {
      $schema: { type: "string", description: "For editors only." },
      extends: { type: "string", description: "The provider whose description this one is laid over." },
      ...properties,
    },
    $defs,
  };
}

/** `endpoints` of `#/$defs/endpoints`. */
export function definitionName(ref: string): string {
  return ref.slice(ref.lastIndexOf("/") + 1);
}

function overrideSchema({ valibotSchema, jsonSchema }: OverrideSchemaContext) {
  if (valibotSchema.type === "custom") return { not: {} };
  // The library converts a table whose names are a picklist, but reports it as an error (its README: "only `string`").
  return valibotSchema.type === "record" ? jsonSchema : null;
}
