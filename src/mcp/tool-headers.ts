/**
 * The headers of a request of 2026-07-28, which repeat parts of its body (MCP "Request Metadata"), tool parameters that a
 * tool's schema marks with `x-mcp-header` among them.
 */
import { asObject, type Json, ownValue } from "../platform/json.ts";
import { redact } from "../platform/redact.ts";
import type { Request } from "./message.ts";

/** A parameter that goes into a header, and its path. */
interface Mark {
  readonly header: string;
  readonly path: readonly string[];
}

/** The marks of the server's tools, by the tools' names. */
export class ToolMarks {
  readonly #known = new Map<string, readonly Mark[]>();

  /**
   * Reads a list of tools.
   *
   * @returns the list without the tools whose marks are wrong, which must not be used; null where all are right
   */
  learn(result: Json, tell: (text: string) => void): Json | null {
    if (!Array.isArray(result.tools)) return null;
    const usable = result.tools.filter((tool: unknown) => {
      const { name, inputSchema } = asObject(tool) ?? {};
      if (typeof name !== "string") return true;
      const marks = marksOf(asObject(inputSchema));
      this.#known.delete(name);
      if (typeof marks === "string") tell(`the tool ${redact(name)} is left out: ${marks}`);
      else this.#known.set(name, marks);
      return typeof marks !== "string";
    });
    return usable.length === result.tools.length ? null : { ...result, tools: usable };
  }

  headersFor({ method, params }: Request): Record<string, string> {
    const source = NAMED[method];
    const name = source === undefined ? undefined : params[source];
    const headers: Record<string, string> = { "mcp-method": method };
    if (typeof name !== "string") return headers;
    headers["mcp-name"] = encoded(name);
    if (method !== "tools/call") return headers;
    for (const { header, path } of this.#known.get(name) ?? []) {
      const value = valueAt(asObject(params.arguments), path);
      if (value !== null) headers[`mcp-param-${header}`] = encoded(value);
    }
    return headers;
  }
}

/** Methods whose name or address is repeated, and the parameter that holds it. */
const NAMED: Readonly<Record<string, string>> = {
  "tools/call": "name",
  "prompts/get": "name",
  "resources/read": "uri",
};

function valueAt(from: Json | null, path: readonly string[]): string | null {
  const parent = path.slice(0, -1).reduce<Json | null>((value, key) => asObject(ownValue(value ?? {}, key)), from);
  const value = ownValue(parent ?? {}, path.at(-1) ?? "");
  if (typeof value === "string") return value;
  return typeof value === "boolean" || Number.isSafeInteger(value) ? String(value) : null;
}

/** MCP "Value Encoding". */
function encoded(value: string): string {
  const isPlain = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/.test(value) || value === "";
  if (isPlain && !(value.startsWith("=?base64?") && value.endsWith("?="))) return value;
  return `=?base64?${new TextEncoder().encode(value).toBase64()}?=`;
}

const MARK = "x-mcp-header";
const DEEPEST = 64;
/** Keywords whose values are data, in which marks don't count. */
const DATA: readonly string[] = ["default", "const", "enum", "examples"];

/** @returns the marks, or what is wrong with one */
function marksOf(schema: Json | null): readonly Mark[] | string {
  const marks: Mark[] = [];
  const fault = schema === null ? null : collect(schema, [], marks, 0);
  if (fault !== null) return fault;
  const names = marks.map(({ header }) => header.toLowerCase());
  return new Set(names).size === names.length ? marks : `two of its parameters have the same ${MARK}`;
}

function collect(schema: Json, path: readonly string[], into: Mark[], depth: number): string | null {
  if (depth > DEEPEST) return "its schema is too deep";
  if (Object.hasOwn(schema, MARK)) {
    const header = schema[MARK];
    if (path.length === 0 || typeof header !== "string" || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}$/.test(header))
      return `an ${MARK} of it can't be a header's name`;
    if (!["string", "integer", "boolean"].includes(schema.type as string))
      return `an ${MARK} of it is on what is no text, whole number or boolean`;
    into.push({ header, path });
  }
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === "properties") {
      for (const [name, inner] of Object.entries(asObject(value) ?? {})) {
        const fault = collect(asObject(inner) ?? {}, [...path, name], into, depth + 1);
        if (fault !== null) return fault;
      }
    } else if (!DATA.includes(keyword) && hasMark(value, depth + 1)) return `an ${MARK} of it can't be reached`;
  }
  return null;
}

/** Anywhere in a part of a schema that properties alone don't lead to. */
function hasMark(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null || depth > DEEPEST) return false;
  if (Array.isArray(value)) return value.some((one) => hasMark(one, depth + 1));
  return Object.entries(value).some(
    ([key, inner]) => key === MARK || (!DATA.includes(key) && hasMark(inner, depth + 1)),
  );
}
