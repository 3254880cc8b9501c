/** The strings of a TypeScript source: what a program can print, apart from its comments and its code. */

export interface SourceString {
  /** With the text of each `${…}` between ⟦ and ⟧. */
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

/** After these a `/` begins a regular expression, not a division. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};+<>]|\breturn|=>)\s*$/;
const SKIPPED = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const REGEX = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y;
const STRING = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/y;

interface Found {
  readonly strings: SourceString[];
  readonly patterns: string[];
}

export function stringsOf(source: string): SourceString[] {
  return read(source).strings;
}

/** Its regular expressions, as they are written. */
export function patternsOf(source: string): string[] {
  return read(source).patterns;
}

function read(source: string): Found {
  const found: Found = { strings: [], patterns: [] };
  readCode(source, 0, found);
  return found;
}

/** Reads up to the `}` that no `{` of this code opened. @returns where it ended */
function readCode(source: string, from: number, found: Found): number {
  let at = from;
  for (let depth = 0; at < source.length; ) {
    const skipped = matchAt(SKIPPED, source, at);
    const quoted = matchAt(STRING, source, at);
    if (skipped !== null) at += skipped.length;
    else if (quoted !== null) {
      found.strings.push({ text: unescaped(quoted.slice(1, -1)), line: lineOf(source, at) });
      at += quoted.length;
    } else if (source[at] === "`") at = readTemplate(source, at, found);
    else if (source[at] === "/" && BEFORE_REGEX.test(source.slice(Math.max(from, at - 20), at))) {
      const pattern = matchAt(REGEX, source, at);
      if (pattern !== null) found.patterns.push(pattern);
      at += (pattern ?? "/").length;
    } else {
      if (source[at] === "{") depth++;
      if (source[at] === "}" && depth-- === 0) return at;
      at++;
    }
  }
  return at;
}

function readTemplate(source: string, start: number, found: Found): number {
  let text = "";
  let at = start + 1;
  while (at < source.length && source[at] !== "`") {
    if (source.startsWith("${", at)) {
      const end = readCode(source, at + 2, found);
      text += `⟦${source.slice(at + 2, end)}⟧`;
      at = end + 1;
    } else {
      const width = source[at] === "\\" ? 2 : 1;
      text += unescaped(source.slice(at, at + width));
      at += width;
    }
  }
  found.strings.push({ text, line: lineOf(source, start) });
  return at + 1;
}

function matchAt(pattern: RegExp, source: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0] ?? null;
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, letter: string) => (letter === "n" ? "\n" : letter));
}

function lineOf(source: string, at: number): number {
  return source.slice(0, at).split("\n").length;
}
