/** A variable's value around the token: `run --format 'API_AUTH=Bearer {token}'`. */
import { usage } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import type { Secret } from "../platform/secret.ts";
import { checkVariable } from "./variables.ts";

/** Variable → a template over `{token}`. */
export type Templates = ReadonlyMap<string, string>;

/** @param given `VAR=template`, from the command line only, since others may have written a file @throws AuthError `usage` */
export function parseTemplates(given: readonly string[]): Templates {
  const templates = new Map<string, string>();
  for (const text of given) {
    const at = text.indexOf("=");
    const template = text.slice(at + 1);
    if (at <= 0 || !template.includes("{token}"))
      throw usage(
        `--format takes VAR=text with {token} in it, not '${escapeText(text.slice(0, 60))}'.`,
        "For example: --format 'API_AUTH=Bearer {token}'",
      );
    const variable = checkVariable(text.slice(0, at));
    if (templates.has(variable)) throw usage(`--format is given twice for ${variable}.`, "Give it once.");
    templates.set(variable, template);
  }
  return templates;
}

export function fillTemplate(template: string, token: Secret): string {
  return template.replaceAll("{token}", () => token.reveal());
}
