/**
 * A module plugin: one self-contained file whose default export is a description, with functions for what data can't
 * say. Its code is evaluated in a worker with a deadline, from the bytes that a person was shown (RULES.md §4).
 */
import * as v from "valibot";
import { AuthError } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { outsideWords } from "../../platform/redact.ts";
import type { PluginFunctions } from "../schema/functions.ts";
import { requestHeaderFault } from "../written.ts";

/** To the worker. `call: null` asks for the description. */
export interface Question {
  /** JavaScript. */
  readonly code: string;
  readonly call: { readonly name: string /** JSON. */; readonly argument: string } | null;
}

const AnswerSchema = v.union([
  v.strictObject({ json: v.string(), functions: v.array(v.string()) }),
  v.strictObject({ fault: v.string() }),
]);

/** From the worker, where the module's code runs: untrusted. */
export type Answer = Readonly<v.InferOutput<typeof AnswerSchema>>;

export type ModuleKind = "ts" | "js";

/**
 * JavaScript of a module that may be evaluated.
 * @throws AuthError `plugin_invalid` with the place of a syntax error, or the import that it may not have
 */
export function compileModule(source: string, kind: ModuleKind, file: string): string {
  const transpiler = new Bun.Transpiler({ loader: kind, target: "bun" });
  try {
    for (const { path } of transpiler.scanImports(source))
      if (path !== "auth/provider")
        throw new AuthError("plugin_invalid", `${file} imports '${path}': a module is one self-contained file.`, {
          hint: "It may import 'auth/provider', and nothing else. Put what it needs into the file itself.",
        });
    return transpiler.transformSync(source);
  } catch (error) {
    throw error instanceof AuthError ? error : syntaxError(error, file);
  }
}

/** What the module's default export says. @throws AuthError `plugin_invalid` */
export async function describeModule(
  code: string,
  file: string,
): Promise<{ data: unknown; functions: readonly string[] }> {
  const { json, functions } = await answered({ code, call: null }, file, "it");
  return { data: JSON.parse(json), functions };
}

async function answered(question: Question, file: string, who: string): Promise<Extract<Answer, { json: string }>> {
  const answer = await evaluated(question);
  if ("json" in answer) return answer;
  throw new AuthError("plugin_invalid", `${file}: ${who} ${outsideWords(answer.fault)}.`, {
    hint: "Correct the module, check it (auth provider check <file>), and trust it again: auth provider trust <id>",
  });
}

/** The source of the worker is beside this file; in the binary it is an entry of its own, and this file part of another. */
const WORKER = import.meta.url.endsWith("/plugins/module.ts")
  ? "./module-worker.ts"
  : "./providers/plugins/module-worker.ts";

function evaluated(question: Question): Promise<Answer> {
  // An empty environment, so that the description can't depend on it.
  const worker = new Worker(new URL(WORKER, import.meta.url).href, { env: {}, smol: true });
  return new Promise<Answer>((resolve) => {
    const timer = setTimeout(
      () => resolve({ fault: `takes longer than ${LIMITS.pluginCall / 1000} seconds` }),
      LIMITS.pluginCall,
    );
    const settle = (answer: Answer): void => {
      clearTimeout(timer);
      resolve(answer);
    };
    worker.onmessage = ({ data }: MessageEvent<Answer>) =>
      settle(v.is(AnswerSchema, data) ? data : { fault: "answers something else than data" });
    worker.onerror = ({ message }) => settle({ fault: `throws: ${message}` });
    worker.addEventListener("close", () => settle({ fault: "ends its process" }));
    worker.postMessage(question);
  }).finally(() => worker.terminate());
}

/** Bun's own errors: one, or several as an AggregateError, each with its position. */
function syntaxError(error: unknown, file: string): AuthError {
  const first = error instanceof AggregateError ? error.errors[0] : error;
  const { message, position } = first as {
    message?: string;
    position?: { line: number; column: number; lineText: string } | null;
  };
  const at = position ? `:${position.line}:${position.column}` : "";
  return new AuthError("plugin_invalid", `${file}${at}: ${message ?? "can't be read"}.`, {
    hint: position?.lineText.trim() ?? "Correct the file.",
    cause: error,
  });
}

/** No line breaks, by which a value could add a header. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not get through
const line = v.pipe(v.string(), v.regex(/^[^\u0000-\u001f\u007f]*$/, "holds a control character"));
const headerName = v.pipe(
  v.string(),
  v.check((name) => requestHeaderFault(name) === null, "no header that a request can have"),
);
const body = v.pipe(
  v.unknown(),
  v.check((value) => !Array.isArray(value), "a list"),
  v.record(v.string(), v.unknown()),
);

const ANSWERS: Readonly<Record<keyof PluginFunctions, { readonly schema: v.GenericSchema; readonly shape: string }>> = {
  request: {
    schema: v.strictObject({ parameters: v.record(v.string(), v.string()), headers: v.record(headerName, line) }),
    shape: "It answers { parameters: { name: text }, headers: { name: text } }.",
  },
  reply: { schema: body, shape: "It answers the body as an object, for 'reply' to be read from." },
  account: { schema: body, shape: "It answers the body as an object, for 'account' to be read from." },
};

/**
 * The functions of a module, as the rest of the program calls them: in a worker, each answer checked.
 * @param code the module as JavaScript; @param names of the functions that it has
 */
export function functionsOf(code: string, file: string, names: readonly string[]): Record<string, unknown> {
  const call = (name: string) => async (given: unknown) => {
    const question = { code, call: { name, argument: JSON.stringify(given) } };
    const { json } = await answered(question, file, `functions.${name}`);
    return checkedAnswer(file, name as keyof PluginFunctions, JSON.parse(json));
  };
  return Object.fromEntries(names.map((name) => [name, call(name)]));
}

/** @param name the schema refuses unknown ones before any call */
function checkedAnswer(file: string, name: keyof PluginFunctions, answer: unknown): unknown {
  const { schema, shape } = ANSWERS[name];
  const parsed = v.safeParse(schema, answer);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const at = v.getDotPath(issue);
  const place = at === null ? "" : ` in '${outsideWords(at)}'`;
  throw new AuthError(
    "plugin_invalid",
    `${file}: functions.${name} answers the wrong thing${place}: ${outsideWords(issue.message)}.`,
    { hint: shape },
  );
}
