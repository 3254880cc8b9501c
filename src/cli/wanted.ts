/** Which connections' tokens go into which variables, as the command line, a file of references or the folder's file says. */
import { type FolderChoice, written } from "../connections/folder/choice.ts";
import { isAddress, parseSelector } from "../connections/ref.ts";
import type { Templates } from "../inject/template.ts";
import { checkVariable } from "../inject/variables.ts";
import { usage } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import { shellWord } from "../platform/shell-word.ts";

/** A connection, and the variable that its token goes into; null: those of its provider. */
export interface Wanted {
  readonly selector: string | undefined;
  readonly variable: string | null;
}

export function parseNamed(text: string): { selector: string; variable: string } {
  const at = text.lastIndexOf("=");
  if (at <= 0)
    throw usage(
      `-c takes connection=VAR, not '${escapeText(text.slice(0, 60))}'.`,
      `For example: -c ${likelyVariable(text)}`,
    );
  return { selector: checkSelector(text.slice(0, at)), variable: checkVariable(text.slice(at + 1)) };
}

export function checkSelector(selector: string): string {
  if (!isAddress(selector)) parseSelector(selector);
  return selector;
}

/** The connection as it was given with a variable for it: `github:work=WORK_TOKEN`. */
function likelyVariable(text: string): string {
  const isConnection = isAddress(text) || /^[a-z][\w-]*(:[\w.@+/-]+)?$/i.test(text);
  const connection = isConnection ? text : "<provider>:work";
  const words = connection.split(/[^A-Za-z0-9]+/).filter((word) => /^[a-z]/i.test(word));
  const word = isAddress(text) ? "ISSUER" : (words.at(-1) ?? "MY");
  return `${isConnection ? shellWord(connection) : connection}=${word.toUpperCase()}_TOKEN`;
}

/** What the folder's file names, which must all yield a token too. */
export function namedHere({ connections, variables }: FolderChoice): Wanted[] {
  return [
    ...connections.map((one) => ({ selector: written(one), variable: null })),
    ...Object.entries(variables).map(([name, selector]) => ({ selector, variable: checkVariable(name) })),
  ];
}

/** A variable that only `--format` names is the one connection's that goes under no other name. */
export function withTemplates(given: readonly Wanted[], templates: Templates): Wanted[] {
  const unnamed = [...templates.keys()].filter((name) => !given.some(({ variable }) => variable === name));
  if (unnamed.length === 0) return [...given];
  const [only, ...others] = given.filter(({ variable }) => variable === null);
  if (only === undefined || others.length > 0)
    throw usage(
      `--format doesn't say whose token goes into ${unnamed[0]}.`,
      `Name its connection: -c <provider>:work=${unnamed[0]}`,
    );
  const named = unnamed.map((variable) => ({ selector: only.selector, variable }));
  return given.flatMap((one) => (one === only ? named : [one]));
}
