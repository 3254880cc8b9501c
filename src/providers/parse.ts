/** Parses an unknown value (a manifest, a module's export) as a description, with errors for its author. */
import * as v from "valibot";
import { AuthError } from "../platform/errors.ts";
import { checkDefinition, type Fault } from "./check.ts";
import { fieldsAt } from "./schema/parts.ts";
import { type ProviderDefinition, ProviderSchema } from "./schema.ts";
import { suggestionHint } from "./suggest.ts";

const MOST_SHOWN = 10;

/**
 * @param file where it was read from, for the message
 * @throws AuthError `plugin_invalid` with file, path to the field, and what to write instead.
 */
export function parseDefinition(value: unknown, file: string): ProviderDefinition {
  const parsed = v.safeParse(ProviderSchema, value);
  if (!parsed.success)
    throw invalidDescription(
      file,
      parsed.issues.flatMap((issue) => faultsOf(issue, [])),
    );
  const faults = checkDefinition(parsed.output);
  if (faults.length > 0) throw invalidDescription(file, faults);
  return parsed.output;
}

function invalidDescription(file: string, faults: readonly Fault[]): AuthError {
  const [first, ...others] = faults.map(({ path, problem, hint = "" }) =>
    `${path === "" ? "The description" : path} ${problem}. ${hint}`.trim(),
  );
  const shown = others.slice(0, MOST_SHOWN - 1);
  if (others.length > shown.length) shown.push(`… and ${others.length - shown.length} more.`);
  return new AuthError("plugin_invalid", `${file}: ${first}`, {
    hint: shown.length > 0 ? shown.join("\n") : "Correct the file: nothing of it is used until it is whole.",
  });
}

type Issue = v.BaseIssue<unknown>;

/** @param above the keys that lead to the part whose issue it is */
function faultsOf(issue: Issue, above: readonly string[]): Fault[] {
  const keys = [...above, ...(issue.path ?? []).map(({ key }) => String(key))];
  const path = keys.join(".");
  // For a union, reports only the option of the given type: the group for a group, the words for a text.
  if (issue.type === "union" && issue.issues !== undefined) {
    const isGroup = typeof issue.input === "object";
    const meant = issue.issues.filter(({ type, path: below }) =>
      isGroup ? below !== undefined || type === "strict_object" : type === "picklist",
    );
    if (meant.length > 0) return meant.flatMap((inner) => faultsOf(inner, keys));
  }
  if (issue.type === "strict_object" && issue.expected === "never") {
    const fields = fieldsAt(ProviderSchema, keys.slice(0, -1));
    const hint = suggestionHint(keys.at(-1) ?? "", fields) ?? `The fields here: ${fields.join(", ")}.`;
    return [{ path, problem: "is not a field", hint }];
  }
  if (issue.received === "undefined") return [{ path, problem: "is missing" }];
  return [typoOf(issue, path) ?? { path, problem: readable(issue) }];
}

/** A word that is similar to an allowed one. */
function typoOf(issue: Issue, path: string): Fault | null {
  if (issue.type !== "picklist" || typeof issue.input !== "string") return null;
  const allowed = [...(issue.expected ?? "").matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? "");
  const hint = suggestionHint(issue.input, allowed) ?? `It may be: ${allowed.join(", ")}.`;
  return { path, problem: `can't be '${issue.input.slice(0, 40)}'`, hint };
}

function readable(issue: Issue): string {
  if (issue.kind === "schema") return `must be ${WORDS[issue.expected ?? ""] ?? issue.expected}`;
  return issue.message.startsWith("must") ? issue.message : `is not allowed: ${issue.message}`;
}

const WORDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  boolean: "true or false",
  Object: "a group of fields",
  Array: "a list",
};
