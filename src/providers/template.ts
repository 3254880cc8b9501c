/** Templates: text with `{name}` in it. One pass, so a value that holds braces is never filled again. */

const PLACEHOLDER = /\{([A-Za-z][A-Za-z0-9]*)\}/g;

export type Values = Readonly<Record<string, string>>;

/** The names a template asks for, each once. */
export function namesIn(template: string): string[] {
  return [...new Set([...template.matchAll(PLACEHOLDER)].map((match) => match[1] ?? ""))];
}

/** @returns null where a value is missing: the field then counts as left out. */
export function fill(template: string, values: Values): string | null {
  let complete = true;
  const filled = template.replace(PLACEHOLDER, (whole, name: string) => {
    if (Object.hasOwn(values, name)) return values[name] ?? whole;
    complete = false;
    return whole;
  });
  return complete ? filled : null;
}
