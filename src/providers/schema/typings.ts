/** `auth-provider.d.ts`: what a module imports from `auth/provider`, for editors and for tsc. Made from the schema. */
import { MEANINGS } from "./describe.ts";
import { nameOf, sharedGroups } from "./json-schema.ts";
import { type Field, fieldsIn, type Group, outline, type Shape } from "./outline.ts";

const WIDTH = 100;

/** @param root for a test; else of descriptions */
export function typings(root: Group = outline()): string {
  const shared = sharedGroups(root).map((group) => `  export interface ${typeName(group)} ${bodyOf(group, "  ")}\n`);
  return `/**
 * What a provider of \`auth\` is made of: print this file with \`auth provider types > auth-provider.d.ts\`, and put it
 * beside your module. For manifests there is \`auth provider types --json-schema\`.
 */
declare module "auth/provider" {
  /** Gives a description its type. It is checked when it is loaded: \`auth provider check <file>\`. */
  export function defineProvider(definition: ProviderDefinition): ProviderDefinition;

  export interface ProviderDefinition ${bodyOf(root, "  ")}

${[...shared, ...(hasFunctions(root) ? [FUNCTIONS_GET] : [])].join("\n")}
  export type EndpointName = keyof ProviderEndpoints;
  export type Flow = ${wordsAt(root, "flows[].flow")};
  export type ErrorClass = ${wordsAt(root, "errors.codes.*.class")};
}
`;
}

/** \`endpoints\` is \`ProviderEndpoints\`. */
function typeName(group: Group): string {
  const name = nameOf(group);
  return `Provider${name[0]?.toUpperCase()}${name.slice(1)}`;
}

function bodyOf(group: Group, indent: string): string {
  const lines = group.fields.flatMap((field) => fieldOf(field, `${indent}  `));
  return `{\n${lines.join("\n")}\n${indent}}`;
}

function fieldOf({ name, path, required, shape }: Field, indent: string): string[] {
  const meaning = MEANINGS[path];
  const key = /^[A-Za-z]+$/.test(name) ? name : JSON.stringify(name);
  const type = shape.kind === "function" ? (FUNCTIONS[path] ?? "Function") : typeOf(shape, indent);
  return [
    ...(meaning === undefined ? [] : comment(meaning, indent)),
    `${indent}${key}${required ? "" : "?"}: ${type};`,
  ];
}

function comment(text: string, indent: string): string[] {
  if (indent.length + text.length + 7 <= WIDTH) return [`${indent}/** ${text} */`];
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent.length + line.length + word.length + 4 > WIDTH) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [`${indent}/**`, ...[...lines, line].map((one) => `${indent} * ${one}`), `${indent} */`];
}

function typeOf(shape: Shape, indent: string): string {
  switch (shape.kind) {
    case "text":
      return "string";
    case "number":
    case "boolean":
    case "null":
      return shape.kind;
    case "words":
      return shape.words.map((word) => JSON.stringify(word)).join(" | ");
    case "list": {
      const item = typeOf(shape.item, indent);
      return `readonly ${/[ {|]/.test(item) ? `(${item})` : item}[]`;
    }
    case "table": {
      const key = typeOf(shape.key, indent);
      const record = `Readonly<Record<${key}, ${typeOf(shape.value, indent)}>>`;
      return shape.key.kind === "words" ? `Partial<${record}>` : record;
    }
    case "either":
      return shape.options.map((option) => typeOf(option, indent)).join(" | ");
    case "group":
      return shape.shared ? typeName(shape) : bodyOf(shape, indent);
    case "function":
      return "Function";
  }
}

/** What the schema can only call a function. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  "functions.request": '(given: PluginRequest) => Pick<PluginRequest, "parameters" | "headers">',
  "functions.reply": "(given: PluginReply) => Record<string, unknown>",
  "functions.account": "(body: any) => Record<string, unknown>",
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

function hasFunctions(root: Group): boolean {
  return fieldsIn(root).some(({ shape }) => shape.kind === "function");
}

function wordsAt(root: Group, path: string): string {
  const field = fieldsIn(root).find((one) => one.path === path);
  if (field === undefined) throw new Error(`the schema has no ${path}`);
  return typeOf(field.shape, "");
}
