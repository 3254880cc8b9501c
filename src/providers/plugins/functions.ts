/** The functions of a module, as the rest of the program calls them: in a worker, each answer checked. */
import * as v from "valibot";
import { AuthError } from "../../platform/errors.ts";
import type { PluginFunctions } from "../schema/functions.ts";
import { callModule } from "./module.ts";

/** No line break, by which a value could become a header of its own. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not get through
const line = v.pipe(v.string(), v.regex(/^[^\u0000-\u001f\u007f]*$/, "holds a control character"));

const ANSWERS: Readonly<Record<keyof PluginFunctions, v.GenericSchema>> = {
  request: v.strictObject({ parameters: v.record(v.string(), v.string()), headers: v.record(v.string(), line) }),
  reply: v.record(v.string(), v.unknown()),
  account: v.record(v.string(), v.unknown()),
};

/** @param code the module as JavaScript; @param names of the functions that it has */
export function functionsOf(code: string, file: string, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    names.map((name) => [
      name,
      async (given: unknown) => checked(file, name, await callModule(code, file, name, given)),
    ]),
  );
}

function checked(file: string, name: string, answer: unknown): unknown {
  // One that isn't known is refused by the schema, before it is ever called.
  const schema = ANSWERS[name as keyof PluginFunctions];
  const parsed = v.safeParse(schema, answer);
  if (parsed.success && !Array.isArray(answer)) return parsed.output;
  const issue = parsed.issues?.[0];
  const at = issue === undefined ? "" : (v.getDotPath(issue) ?? "");
  throw new AuthError(
    "plugin_invalid",
    `${file}: functions.${name} answers the wrong thing${at === "" ? "" : ` in '${at}'`}: ${issue?.message ?? "a list"}.`,
    { hint: SHAPES[name as keyof PluginFunctions] },
  );
}

const SHAPES: Readonly<Record<keyof PluginFunctions, string>> = {
  request: "It answers { parameters: { name: text }, headers: { name: text } }.",
  reply: "It answers the body as an object, for 'reply' to be read from.",
  account: "It answers the body as an object, for 'account' to be read from.",
};
