/** A value in a printed command is quoted, and one that is put into a text stays as it is, whatever it holds. */
import { expect, test } from "bun:test";
import { Glob } from "bun";
import { parseSelector, typed } from "../../src/connections/ref.ts";
import { shellWord } from "../../src/platform/shell-word.ts";
import { stringsOf } from "../support/source-strings.ts";

const ROOT = `${import.meta.dir}/../..`;
const SOURCES = await Promise.all(
  [...new Glob("{src,providers}/**/*.ts").scanSync(ROOT)]
    .sort()
    .map(async (file) => ({ file, source: await Bun.file(`${ROOT}/${file}`).text() })),
);

/** What a `${…}` in a printed command may be without quotes of its own: a word of a command. */
const SAFE: readonly RegExp[] = [
  /^(shellWord|commandLine)\(/,
  // Commands made of such words.
  /^(clientSetCommand|furtherLogin|loginAgain|loginCommand)\(/,
  /^(paste|word|command)$/,
  // Names of connections and ids of providers: RULES.md 1.5, and the test below.
  /^(typed|display)\(/,
  /^(connection|subject\.connection|several\[0\]|storedOne|known)$/,
  /^((\w+\.)*(ref|record|request|definition|pin)\.)?(provider|name|id)$/,
  // Our own words and numbers.
  /^(me|port|flag|tool|example)$/,
  /^(flagOf|kebab)\(/,
  /^\(await (session\.)?registry\.ids\(\)\)\.join\(", "\)$/,
  // Of words that this test looks at where they are made.
  /^flags\.join\(" "\)$/,
];

/**
 * And what may be the value of a flag, where an `id` is a client's: our own words, the names of endpoints, and what a
 * message repeats.
 */
const SAFE_FOR_FLAGS =
  /^--[\w-]+ ⟦(shellWord\(.*|chosen|file\.hash|request\.flow)⟧$|^--endpoint ⟦name⟧$|^--profile ⟦shorten\(profile\)⟧$/;

/** A command in a text: our own, or one of the system's. `⟦…⟧` is what a `${…}` holds. */
const COMMAND = /(?:(?<![\w./@:-])auth [a-z-]|\b(?:chmod|chown|ssh|sudo) |(?:^|\s)--[a-z][a-z-]*[ =](?=⟦)).*/g;

/** The expressions in printed commands that are neither quoted nor of a kind that needs no quotes. */
function unquotedIn(source: string): string[] {
  return stringsOf(source).flatMap(({ text }) => (text.match(COMMAND) ?? []).flatMap(unquotedOf));
}

function unquotedOf(command: string): string[] {
  return [...command.matchAll(/(--[\w-]+[ =])?⟦((?:[^⟦⟧]|⟦[^⟦⟧]*⟧)*)⟧/g)]
    .filter(([whole, flag, value = ""]) => !(flag === undefined ? isSafe(value) : SAFE_FOR_FLAGS.test(whole)))
    .map(([whole]) => whole);
}

function isSafe(expression: string): boolean {
  if (SAFE.some((pattern) => pattern.test(expression))) return true;
  // A choice between texts, each of them safe.
  const choice = expression.indexOf(" ? ");
  if (choice < 0) return false;
  const either = expression.slice(choice);
  const rest = either.replaceAll(/`(?:[^`\\]|\\.)*`|"(?:[^"\\]|\\.)*"/g, "");
  return rest.trim() === "?  :" && stringsOf(either).every(({ text }) => unquotedOf(text).length === 0);
}

test("a value in a printed command goes through shellWord, unless it is of a kind that needs no quotes", () => {
  const found = SOURCES.flatMap(({ file, source }) => unquotedIn(source).map((value) => `${file}: ${value}`));
  expect(found).toEqual([]);
});

test("an unquoted value in a printed command is found", () => {
  const value = ["$", "{resource}"].join("");
  const chosen = ["$", '{id === "" ? "" : `--client-id ', value, "`}"].join("");
  const id = ["$", "{id}"].join("");
  for (const text of [
    `auth login x --resource ${value}`,
    `auth client set x --client-id ${id}`,
    `chmod 600 ${value}`,
    `--set ${value}`,
    `auth x ${chosen}`,
  ])
    expect(unquotedIn(`const hint = \`Log in: ${text}\`;`)).not.toEqual([]);
  expect(unquotedIn(`const text = \`It is ${value}.\`;`)).toEqual([]);
});

test("the name of a connection needs no quotes in any shell", () => {
  const name = "azAZ09._@+/-";
  for (const written of [`github:${name}`, `a-b:${name}`, "github:0-", "github"]) {
    const { provider, name: parsed } = parseSelector(written);
    const text = typed({ provider, name: parsed ?? "default" });
    for (const platform of ["linux", "win32"] as const) expect(shellWord(text, platform)).toBe(text);
  }
  for (const bad of ["$(x)", "x>y", "a b", "a'b", "<id>", "~x", "=x", "%x", "-x", "a,b"])
    expect(() => parseSelector(`github:${bad}`)).toThrow();
});

/** The second argument of each `replace` that is neither a literal nor a function. */
function replacementsIn(source: string): string[] {
  return [...source.matchAll(/\.replace(?:All)?\(/g)].flatMap(({ index, 0: opening }) => {
    const replacement = argumentAt(source, index + opening.length);
    const isLiteral = /^"(?:[^"\\]|\\.)*"$|^'[^'\\$]*'$|^`[^`$]*`$|^[A-Z]+$/.test(replacement);
    const isFunction = replacement.includes("=>") || new RegExp(`^function ${replacement}\\(`, "m").test(source);
    return isLiteral || isFunction ? [] : [replacement];
  });
}

/** The second argument of a call whose first begins at `from`. */
function argumentAt(source: string, from: number): string {
  const tokens =
    /\/(?![/*\s])(?:\[(?:[^\]\\\n]|\\.)*\]|[^/\\\n[]|\\.)+\/[a-z]*|'[^'\\\n]*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|\/\/[^\n]*|[\s\S]/gy;
  tokens.lastIndex = from;
  const found = [""];
  for (let depth = 0; ; ) {
    const [token] = tokens.exec(source) ?? [];
    if (token === undefined || (token === ")" && depth === 0)) return found[1]?.trim() ?? "";
    if (/^[([{]$/.test(token)) depth++;
    if (/^[)\]}]$/.test(token)) depth--;
    if (token === "," && depth === 0) found.push("");
    else if (!token.startsWith("//")) found[found.length - 1] += token;
  }
}

test("a value is put into a text by a function: a string's `$&` would be expanded", () => {
  const found = SOURCES.flatMap(({ file, source }) => replacementsIn(source).map((value) => `${file}: ${value}`));
  expect(found).toEqual([]);
  expect(replacementsIn('text.replace(/a[)]/g, made(record)); x.replaceAll("{id}", id)')).toEqual([
    "made(record)",
    "id",
  ]);
});
