/**
 * Which characters the values of OAuth may have (RFC 6749 Appendix A). What is received, and what a person gives, is held
 * to it before it is stored or sent: a token with a line break in it is two lines of a header, one with a NUL is cut where
 * it is handed to a program.
 */

/** %x20-7E. */
const VSCHAR = /[^\x20-\x7e]/u;
/** %x21 / %x23-5B / %x5D-7E: no space, quote or backslash. */
const NQCHAR = /[^\x21\x23-\x5b\x5d-\x7e]/u;

const ELEMENTS = {
  "client id": { number: "A.1", not: VSCHAR },
  "client secret": { number: "A.2", not: VSCHAR },
  scope: { number: "A.4", not: NQCHAR },
  code: { number: "A.11", not: VSCHAR },
  "access token": { number: "A.12", not: VSCHAR },
  "token type": { number: "A.13", not: /[^\x21-\x7e]/u },
  "refresh token": { number: "A.17", not: VSCHAR },
} as const;

export type Element = keyof typeof ELEMENTS;

/**
 * null where every character is allowed; else a sentence that names the first one that isn't by its position, from 1, and
 * shows nothing of the value: `The access token has U+200B at position 5, which it can't have (RFC 6749, A.12)`.
 */
export function syntaxFault(element: Element, value: string): string | null {
  const { number, not } = ELEMENTS[element];
  const found = not.exec(value);
  if (found === null) return null;
  const position = [...value.slice(0, found.index)].length + 1;
  const code = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return `The ${element} has U+${code} at position ${position}, which it can't have (RFC 6749, ${number})`;
}

/** What is around a secret where more than the secret was copied. Each is clear: keys may hold `:`, `=` and `{`. */
const WRAPPINGS: readonly (readonly [form: RegExp, words: string])[] = [
  [/^(["'`]).*\1$|^<.*>$/, "it is in quotes or brackets"],
  [/^(?:bearer|token|basic)\s+\S/i, "it begins with the word that goes before a token in a header"],
  [/^(?:[a-z][\w-]*:\s+|(?:x-[a-z-]+|authorization):)\S/i, "it begins with the name of a header or field"],
  [/^(?:export|set|setx|setenv)\s+[a-z_]\w*[=\s]|^\$env:/i, "it is the command that sets a variable"],
  [
    /^[a-z0-9_]*(?:token|key|secret|password|pat)\s*=\s*[^=\s]|^[a-z_]\w*\s+=\s/i,
    "it begins with the name of a variable",
  ],
  [/^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+=[^=]/, "it begins with the name of a variable"],
  [/^\$\{?[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\}?$|^%[A-Z][A-Z0-9_]*%$/, "it is the name of a variable, not its value"],
  [/^(?:curl\s|-H\s)/, "it is part of a command"],
];

/** A field of a JSON document that is a secret. Other documents are keys themselves, such as a service account's. */
const SECRET_FIELD = /"(?:access_?token|token|api_?key|key|secret|client_?secret|value)"\s*:\s*"/i;

/** In which way a text is more than a secret, as the end of a sentence; null where it may be one. */
export function wrappingOf(text: string): string | null {
  if (text.startsWith("{") && text.endsWith("}") && SECRET_FIELD.test(text)) return "it is the JSON around it";
  return WRAPPINGS.find(([form]) => form.test(text))?.[1] ?? null;
}
