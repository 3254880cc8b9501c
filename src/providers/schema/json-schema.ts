/** The JSON Schema (draft 2020-12) of a manifest, made from the schema itself: what editors complete by. */
import { MEANINGS } from "./describe.ts";
import { fieldsIn, type Group, outline, type Shape } from "./outline.ts";

type Json = Record<string, unknown>;

export function manifestSchema(): Json {
  const root = outline();
  const shared = sharedGroups(root);
  const { properties, required, ...rest } = objectOf(root);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "A provider of auth",
    description: "Describes a service that `auth` logs in to. Check it: auth provider check <file>",
    ...rest,
    // What extends another says only what differs.
    anyOf: [{ required }, { required: ["extends", "id"] }],
    properties: {
      $schema: { type: "string", description: "For editors only." },
      extends: { type: "string", description: "The provider whose description this one is laid over." },
      ...(properties as Json),
    },
    $defs: Object.fromEntries(shared.map((group) => [nameOf(group), objectOf(group)])),
  };
}

/** Groups that stand in several places, by the order in which they are met. */
export function sharedGroups(root: Group): Group[] {
  const found = new Set<Group>();
  const visit = (shape: Shape): void => {
    if (shape.kind === "group" && shape.shared) found.add(shape);
    if (shape.kind === "list") visit(shape.item);
    if (shape.kind === "table") visit(shape.value);
    if (shape.kind === "either") for (const option of shape.options) visit(option);
  };
  for (const { shape } of fieldsIn(root)) visit(shape);
  return [...found];
}

/** `errors.codes.*` is `errorsCodes`. */
export function nameOf({ path }: Group): string {
  return path.replace(/[^A-Za-z]+([a-z])?/g, (_, letter: string | undefined) => letter?.toUpperCase() ?? "");
}

function objectOf(group: Group): Json {
  // What a program alone can say has no place in a manifest.
  const fields = group.fields.filter(({ shape }) => !hasFunction(shape));
  const required = fields.filter((field) => field.required).map(({ name }) => name);
  const properties = fields.map(({ name, path, shape }) => {
    const description = MEANINGS[path];
    return [name, { ...(description !== undefined && { description }), ...schemaOf(shape) }];
  });
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}

function schemaOf(shape: Shape): Json {
  switch (shape.kind) {
    case "text":
      return {
        type: "string",
        ...(shape.nonEmpty && { minLength: 1 }),
        ...(shape.pattern !== null && { pattern: shape.pattern }),
      };
    case "number":
      return { type: "integer", ...(shape.least !== null && { minimum: shape.least }) };
    case "boolean":
    case "null":
      return { type: shape.kind };
    case "words":
      return shape.words.length === 1 ? { const: shape.words[0] } : { enum: shape.words };
    case "list":
      return { type: "array", items: schemaOf(shape.item), ...(shape.nonEmpty && { minItems: 1 }) };
    case "table":
      return { type: "object", propertyNames: schemaOf(shape.key), additionalProperties: schemaOf(shape.value) };
    case "either":
      return { anyOf: shape.options.map(schemaOf) };
    case "group":
      return shape.shared ? { $ref: `#/$defs/${nameOf(shape)}` } : objectOf(shape);
    case "function":
      throw new Error("a function can't be written in a manifest");
  }
}

function hasFunction(shape: Shape): boolean {
  if (shape.kind === "function") return true;
  return shape.kind === "group" && shape.fields.length > 0 && shape.fields.every((field) => hasFunction(field.shape));
}
