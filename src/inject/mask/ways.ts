/** The ways in which programs write a character, or break a line. */

/** Bytes, and whether the hex digits among them may be in either case. */
export type Way = readonly [text: string, anyCase?: "any case"];

/** Unchanged, in a form or a URL (encoded once or twice), in HTML, and in strings of JSON and programming languages. */
export function* textWays(character: string): Iterable<Way> {
  yield [character];
  if (character === " ") yield ["+"];
  const bytes = [...new TextEncoder().encode(character)].map((byte) => hex(byte, 2));
  for (const sign of ["%", "%25"]) yield [bytes.map((byte) => sign + byte).join(""), "any case"];
  for (const entity of entitiesOf(character))
    for (const text of [entity, entity.replace("&", "&amp;")]) yield [text, "any case"];
  const codeUnits = Array.from({ length: character.length }, (_, i) => hex(character.charCodeAt(i), 4));
  const escapes = [
    JSON.stringify(character).slice(1, -1),
    // `\/` in JSON; a shell's quoting of punctuation. `\n` is no n.
    ...(/\w/.test(character) ? [] : [`\\${character}`]),
    codeUnits.map((unit) => `\\u${unit}`).join(""),
    bytes.map((byte) => `\\x${byte}`).join(""),
  ];
  for (const escaped of escapes) {
    if (escaped === character) continue;
    yield [escaped, "any case"];
    // JSON within JSON.
    yield [JSON.stringify(escaped).slice(1, -1), "any case"];
  }
}

/** HTML's names of ASCII's punctuation (HTML §13.5). */
// cspell:disable
const ENTITIES: Readonly<Record<string, string>> = {
  ...{ "!": "excl", '"': "quot", "#": "num", $: "dollar", "%": "percnt", "&": "amp", "'": "apos", "(": "lpar" },
  ...{ ")": "rpar", "*": "ast", "+": "plus", ",": "comma", ".": "period", "/": "sol", ":": "colon", ";": "semi" },
  ...{ "<": "lt", "=": "equals", ">": "gt", "?": "quest", "@": "commat", "[": "lsqb", "\\": "bsol", "]": "rsqb" },
  ...{ "^": "Hat", _: "lowbar", "`": "grave", "{": "lcub", "|": "verbar", "}": "rcub" },
};
// cspell:enable

/** `&amp;`, `&#39;`, `&#039;`, `&#x27;`: HTML §13.5. */
function* entitiesOf(character: string): Iterable<string> {
  const code = character.codePointAt(0) ?? 0;
  const name = ENTITIES[character];
  if (name !== undefined) yield `&${name};`;
  const numbers = [`${code}`, `${code}`.padStart(3, "0")];
  for (const x of ["x", "X"]) numbers.push(...[2, 4].map((digits) => x + hex(code, digits)));
  for (const number of new Set(numbers)) yield `&#${number};`;
}

export function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

export const LINE_BREAKS: readonly Way[] = [
  ["\n"],
  ["\r"],
  // How readline and less make a terminal go on in the next line.
  [" \r"],
  [" \b"],
  ...["\\n", "\\r", "\\\\n", "\\\\r"].map((text): Way => [text]),
  ...["%0A", "%0D", "%250A", "%250D"].map((text): Way => [text, "any case"]),
];
