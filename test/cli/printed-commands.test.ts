/** Every command in a message, a remedy or a note is complete: the program accepts it as it is printed. */
import { expect, test } from "bun:test";
import { Glob } from "bun";
import { builtIn } from "../../providers/index.ts";
import { parseArguments } from "../../src/cli/arguments.ts";
import { isGroup } from "../../src/cli/command.ts";
import { root } from "../../src/cli/root.ts";
import { parseNamed } from "../../src/connections/ref.ts";
import { TOOLS } from "../../src/setup/table.ts";
import { commandsIn, wordsOf } from "../support/printed-commands.ts";
import { stringsOf } from "../support/source-strings.ts";

const ROOT = `${import.meta.dir}/../..`;

/** What the `${…}` of a message holds when it is printed. An expression that isn't here fails the test until it is. */
const SAMPLES: readonly [expression: RegExp, values: readonly string[]][] = [
  [/^(typed|display)\(/, ["github:work"]],
  [/^(connection|subject\.connection|storedOne|several\[0\]|name|argument)$/, ["github:work"]],
  [/(^|\.)(provider|id|known)$|^(pin|definition)\.id$/, ["github"]],
  [/(^|\.)name$/, ["work"]],
  [/^clientSetCommand\(/, ["auth client set github --client-id my-id --client-secret -"]],
  [/^loginAgain\(/, ["auth login github:work", "auth login github:work --token -"]],
  [/^loginCommand\(/, ["auth login github:work --host acme.example"]],
  [/^login$/, ["auth login github:work --host acme.example"]],
  [/^first$/, ["auth login github:work --client-id my-id"]],
  [/^(word|shellWord\()/, ["word", "'two words'"]],
  [/^flags\.join\(" "\)$/, ["--set issuer=https://acme.example --unset host"]],
  [/^commandLine\(/, ["my-id"]],
  [/^there$/, ["", " --host acme.example"]],
  [/^vouched$/, ["--subject-token <from>"]],
  [/^chosen$/, ["env"]],
  [/^scheme$/, ["https"]],
  [/^text$/, ["acme.example"]],
  [/^file\.hash$/, [`sha256-${"0".repeat(64)}`]],
  [/^way$/, ["--client-secret -"]],
  [/^messageOf\(/, ["It is full."]],
  [/^prefix$/, ["AUTH_ACME_CLIENT"]],
  [/^tool$/, ["git"]],
  [/^example$/, Object.values(TOOLS).map(({ example }) => example)],
];

/** What a person has to know, `<url>`: a word of its kind. */
const KNOWN_TO_A_PERSON: Readonly<Record<string, string>> = {
  "<provider>": "github",
  "<id>": "github",
  "<url>": "https://acme.example",
  "<connection>": "github:work",
};

/** Labels of keys that are derived; no command. */
const LABELS = ["auth retired keys", "auth wrapping key", "auth fingerprint", "auth record"];

/** Where a page speaks of commands by their name: 'auth run' passes on the exit code. */
const NAMES_COMMANDS = /^src\/(cli\/(help\/|provider\/draft\.ts)|providers\/schema(?:\/|\.ts$))/;

/** What the parser leaves to the command, and the command then asks for. */
const NEEDED: Readonly<Record<string, readonly string[]>> = { "client set": ["client-id"] };

/** Every text that a string can become. */
function filled(text: string): string[] {
  const [whole, expression] = /⟦((?:[^⟦⟧]|⟦[^⟦⟧]*⟧)*)⟧/.exec(text) ?? [];
  if (whole === undefined || expression === undefined) return [text];
  const before = text.slice(0, text.indexOf(whole));
  const rest = filled(text.slice(before.length + whole.length));
  return valuesOf(expression).flatMap((value) => rest.map((after) => before + value + after));
}

function valuesOf(expression: string): readonly string[] {
  const sample = SAMPLES.find(([pattern]) => pattern.test(expression));
  if (sample !== undefined) return sample[1];
  const choice = expression.indexOf(" ? ");
  if (choice < 0) return [`{no sample for ${expression}}`];
  return stringsOf(expression.slice(choice)).flatMap(({ text }) => filled(text));
}

/** null where nothing is wrong. */
async function faultOf(command: string): Promise<string | null> {
  if (/\{no sample for/.test(command)) return "add what its placeholder holds to SAMPLES";
  if (/…/.test(command)) return "something is left out";
  const words = wordsOf(
    command
      .replaceAll(/\{[ab]\}/g, "github")
      .replaceAll(/<[a-z][\w -]*>/g, (word) => KNOWN_TO_A_PERSON[word] ?? "word"),
  );
  const call = await parseArguments(words, root).catch((error: Error) => error);
  if (call instanceof Error) return call.message;
  if (call.kind !== "run") return null;
  const { connection, provider, profile } = call.args;
  if (typeof profile === "string") parseNamed(String(connection ?? provider), profile);
  const lacking = (NEEDED[call.path.join(" ")] ?? []).filter((flag) => call.args[flag] === undefined);
  return lacking.length === 0 ? null : `--${lacking[0]} is missing`;
}

async function faultsIn(texts: readonly { text: string; line: number }[], file: string): Promise<string[]> {
  const faults: string[] = [];
  for (const { text, line } of texts)
    for (const possible of filled(text))
      for (const { command, marked } of commandsIn(possible)) {
        const [, first = ""] = command.split(" ");
        if (LABELS.includes(command) || /^auth help/.test(command) || (!marked && !Object.hasOwn(COMMANDS, first)))
          continue;
        if (NAMES_COMMANDS.test(file) && /^auth [a-z-]+( [a-z]+){0,2}$/.test(command)) continue;
        const fault = await faultOf(command).catch((error: Error) => error.message);
        if (fault !== null) faults.push(`${file}:${line}: ${command}: ${fault}`);
      }
  return faults;
}

const COMMANDS = isGroup(root) ? root.commands : {};

/** A manifest's line holds one text at most. */
function linesOf(manifest: string): { text: string; line: number }[] {
  return manifest.split("\n").map((text, i) => ({ text: text.startsWith("#") ? "" : text, line: i + 1 }));
}

test("every command that a message, a remedy or a note prints is one that the program accepts", async () => {
  const files = [...new Glob("{src,providers}/**/*.{ts,toml}").scanSync(ROOT)].sort();
  const faults = await Promise.all(
    files.map(async (file) => {
      const source = await Bun.file(`${ROOT}/${file}`).text();
      return faultsIn(file.endsWith(".toml") ? linesOf(source) : stringsOf(source), file);
    }),
  );
  expect(faults.flat()).toEqual([]);
  expect(files.length).toBeGreaterThan(300);
});

test("a wrong, an incomplete or an unknown command in a message is found", async () => {
  const wrong = {
    "Log in: auth logn acme": "Unknown command 'logn'.",
    "auth list shows what there is.": "Unexpected argument 'shows'.",
    "Run 'auth login'. Then 'auth client set github'.": "--client-id is missing",
    "Keep both: auth login github -p NAME …": "something is left out",
    "(auth provider show)": "'auth provider show' needs <id>.",
    "Log in: auth login github:work -p NAME": "'github:work' and --profile NAME name two connections.",
    "Log in: auth login ⟦whatever⟧": "add what its placeholder holds to SAMPLES",
  };
  for (const [text, fault] of Object.entries(wrong)) {
    const [found = ""] = await faultsIn([{ text, line: 1 }], "message.ts");
    expect(found).toEndWith(fault);
  }
  expect(await faultsIn([{ text: "Upgrade auth on this machine, then: auth list", line: 1 }], "message.ts")).toEqual(
    [],
  );
});

test("the strings of a source are found: not its comments, and inside of templates too", () => {
  const nested = ["`x $", "{a ? `in $", '{a}` : "no"} y`'].join("");
  const source = `const a = "one"; // "two"\n/* "three" */ const b = ${nested}; const c = /"four"/;`;
  expect(stringsOf(source)).toEqual([
    { text: "one", line: 1 },
    { text: "in ⟦a⟧", line: 2 },
    { text: "no", line: 2 },
    { text: `x ⟦${nested.slice(5, -4)}⟧ y`, line: 2 },
  ]);
});

test("a path in a command is quoted: it may hold a space", async () => {
  const faults: string[] = [];
  for (const file of new Glob("src/**/*.ts").scanSync(ROOT))
    for (const { text, line } of stringsOf(await Bun.file(`${ROOT}/${file}`).text()))
      for (const [, argument = ""] of text.matchAll(/(?:^|: |\n)(?:sudo )?ch(?:mod|own) [^⟦\n]*⟦(?:me⟧ ⟦)?([^⟧]*)⟧/g))
        if (!argument.startsWith("shellWord(")) faults.push(`${file}:${line}: ${argument}`);
  expect(faults).toEqual([]);
});

test("a provider's own commands are those of providers there are", async () => {
  for (const [id, load] of Object.entries(builtIn))
    for (const { command } of commandsIn(JSON.stringify((await load()).default))) {
      const named = /^auth (?:login|token|refresh|status|logout|client set) ([a-z][a-z0-9-]*)\b(?!:\/\/)/.exec(
        command,
      )?.[1];
      if (named !== undefined) expect([id, Object.keys(builtIn).includes(named)]).toEqual([id, true]);
    }
});
