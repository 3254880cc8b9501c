/** `auth-provider.d.ts`: what a module imports from `auth/provider`, for editors and for tsc. Made from the schema. */
import { wrapped } from "../../platform/wrap.ts";
import { ERROR_CLASSES, FLOWS } from "../schema.ts";
import { definitionName, definitionSchema, type JsonSchema } from "./json-schema.ts";

const WIDTH = 100;

export function typings(): string {
  const { $defs = {}, ...root } = definitionSchema();
  const shared = Object.entries($defs).map(
    ([name, group]) => `  export interface ${typeName(name)} ${bodyOf(group, "  ")}\n`,
  );
  return `/**
 * What a provider of \`auth\` is made of: print this file with \`auth provider types > auth-provider.d.ts\`, and put it
 * beside your module. For manifests there is \`auth provider types --json-schema\`.
 */
declare module "auth/provider" {
  /** Gives a description its type. It is checked when it is loaded: \`auth provider check <file>\`. */
  export function defineProvider(definition: ProviderDefinition): ProviderDefinition;

  export interface ProviderDefinition ${bodyOf(root, "  ")}

${[...shared, FUNCTIONS_GET].join("\n")}
  export type EndpointName = keyof ProviderEndpoints;
  export type Flow = ${oneOf(FLOWS)};
  export type ErrorClass = ${oneOf(ERROR_CLASSES)};
}
`;
}

/** `endpoints` is `ProviderEndpoints`. */
function typeName(name: string): string {
  return `Provider${name[0]?.toUpperCase()}${name.slice(1)}`;
}

function bodyOf({ properties = {}, required = [] }: JsonSchema, indent: string): string {
  const lines = Object.entries(properties).flatMap(([name, schema]) =>
    fieldOf(name, schema, required.includes(name), `${indent}  `),
  );
  return `{\n${lines.join("\n")}\n${indent}}`;
}

function fieldOf(name: string, schema: JsonSchema, required: boolean, indent: string): string[] {
  const key = /^[A-Za-z]+$/.test(name) ? name : JSON.stringify(name);
  const type = schema.not === undefined ? typeOf(schema, indent) : (FUNCTIONS[name] ?? "Function");
  return [...comment(schema.description ?? "", indent), `${indent}${key}${required ? "" : "?"}: ${type};`];
}

function comment(text: string, indent: string): string[] {
  if (indent.length + text.length + 7 <= WIDTH) return [`${indent}/** ${text} */`];
  const lines = wrapped(text, WIDTH - indent.length - " * ".length);
  return [`${indent}/**`, ...lines.map((one) => `${indent} * ${one}`), `${indent} */`];
}

function typeOf(schema: JsonSchema, indent: string): string {
  if (schema.$ref !== undefined) return typeName(definitionName(schema.$ref));
  if (schema.anyOf !== undefined) return schema.anyOf.map((option) => typeOf(option, indent)).join(" | ");
  if (schema.enum !== undefined) return oneOf(schema.enum);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.items !== undefined) {
    const item = typeOf(schema.items, indent);
    return `readonly ${/[ {|]/.test(item) ? `(${item})` : item}[]`;
  }
  if (schema.properties !== undefined) return bodyOf(schema, indent);
  if (schema.propertyNames !== undefined && schema.additionalProperties) {
    const record = `Readonly<Record<${typeOf(schema.propertyNames, "")}, ${typeOf(schema.additionalProperties, indent)}>>`;
    return schema.propertyNames.enum === undefined ? record : `Partial<${record}>`;
  }
  return schema.type === "integer" ? "number" : `${schema.type}`;
}

function oneOf(words: readonly string[]): string {
  return words.map((word) => JSON.stringify(word)).join(" | ");
}

/** JSON Schema has no types for functions. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  request: '(given: PluginRequest) => Pick<PluginRequest, "parameters" | "headers">',
  reply: "(given: PluginReply) => Record<string, unknown>",
  account: "(body: any) => Record<string, unknown>",
};

const FUNCTIONS_GET = `  export interface PluginRequest {
    readonly endpoint: string;
    readonly parameters: Readonly<Record<string, string>>;
    /** Names in lower case. */
    readonly headers: Readonly<Record<string, string>>;
  }

  export interface PluginReply {
    readonly status: number;
    /** Names in lower case. */
    readonly headers: Readonly<Record<string, string>>;
    /** JSON or a form as data, anything else as text. */
    readonly body: any;
  }
`;
