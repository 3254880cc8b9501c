/**
 * docs/catalogue.md, made from providers/catalog/*.toml and their comments.
 * `npm run docs` writes it; a test sees to it that it is up to date.
 */
import { catalog } from "../providers/catalog/index.ts";
import { flowsOf } from "../src/providers/flows.ts";
import type { ProviderDefinition } from "../src/providers/schema.ts";
import { deadTokenOf, lookUpsOf, notesOf, sourcesOf } from "./catalogue-notes.ts";

export const PAGE = new URL("../docs/catalogue.md", import.meta.url);

export async function cataloguePage(): Promise<string> {
  const entries = await Promise.all(
    Object.entries(catalog).map(async ([id, load]) => {
      const file = new URL(`../providers/catalog/${id}.toml`, import.meta.url);
      return { definition: (await load()).default, text: await Bun.file(file).text() };
    }),
  );
  const rows = entries.map(({ definition, text }) => row(definition, text));
  const dead = entries.flatMap(({ definition: { id }, text }) => deadRow(id, text));
  const missing = entries.flatMap(({ definition: { id }, text }) =>
    notesOf(text, "not sayable yet").map((sentence) => `- \`${id}\`: ${sentence.replaceAll("<", "&lt;")}`),
  );
  return [
    head(entries.length),
    ["| provider | title | flows | reads | looked up | not confirmed |", "|---|---|---|---|---|---|", ...rows].join(
      "\n",
    ),
    DEAD,
    ["| provider | answer | source |", "|---|---|---|", ...dead].join("\n"),
    UNSAID,
    missing.join("\n"),
  ]
    .join("\n\n")
    .concat("\n");
}

function head(count: number): string {
  return `# The catalogue

Made from \`providers/catalog/\` by \`npm run docs\`; don't edit it by hand.

${count} providers come with \`auth\` besides the built-in ones, as manifests: one file each, which may be read, copied and
corrected. \`auth login <provider>\` uses one, \`auth provider show <provider>\` tells about it, and \`extends\`
([plugins.md](plugins.md)) changes what is wrong for you.

**They are consistent with themselves, not verified against the providers.** Each is made from the provider's public
documentation and passes \`auth provider check\`, which plays it against an issuer that speaks as the manifest says; no login
at these providers has been tried with it. *Looked up* says when its fields were compared with what is published: at the
page that the name leads to, and at those with a number. A date with words is a later look-up of that part. The last column
names what wasn't confirmed there:

- a sentence: an assumption, and what overrides it;
- *from memory*: fields whose value was known, but not looked up (\`[K]\` above them in the file); \`opening\` means
  the file's first lines;
- *rotation unknown*: the careful default is taken, that a refresh replaces the refresh token.

A *reads* column without a variable means that no token is taken from the environment.`;
}

const DEAD = `## What a dead refresh token looks like

What the token endpoint answers to a refresh token that was used, revoked or has expired. Where it isn't known, a refusal that
no table knows ends the login all the same ([providers.md](providers.md#error-codes)). Entries without a
login by OAuth aren't listed.`;

const UNSAID = `## What a manifest can't say yet

What these providers have, and their entries leave out.`;

function row(definition: ProviderDefinition, text: string): string {
  const { id, title, docs = "", environment, assumed = [] } = definition;
  const flows = flowsOf(definition).map(({ flow }) => flow);
  const reads = (environment?.read ?? []).map((variable) => `\`${variable}\``);
  const remembered = fromMemory(text).map((field) => (field === OPENING ? field : `\`${field}\``));
  const doubts = [
    ...assumed,
    ...(remembered.length === 0 ? [] : [`From memory: ${remembered.join(", ")}.`]),
    ...(/^# refresh\.rotation: not documented/m.test(text) ? ["Rotation unknown."] : []),
  ];
  const cells = [
    `[\`${id}\`](${docs})`,
    title,
    flows.join(", "),
    reads.join(", "),
    lookedUp(docs, text),
    doubts.join(" "),
  ];
  return `| ${cells.join(" | ")} |`;
}

/** `2026-11-25 [1](…) [2](…); 2026-11-27: the revocation` */
function lookedUp(docs: string, text: string): string {
  const dates = lookUpsOf(text).map(({ date, what }) => (what === null ? date : `${date}: ${what}`));
  const sources = sourcesOf(text).filter((url) => url !== docs);
  return [dates.join("; "), ...sources.map((url, at) => `[${at + 1}](${url})`)].join(" ");
}

function deadRow(id: string, text: string): string[] {
  const dead = deadTokenOf(text);
  if (dead === null) return [];
  const words = dead.words.replace(
    /(HTTP \w{3}) (\{.*\})/,
    (_, status, body) => `${status} \`${body.replaceAll("|", "\\|")}\``,
  );
  return [`| \`${id}\` | ${words} | ${dead.sources.map((url, at) => `[${at + 1}](${url})`).join(" ")} |`];
}

const OPENING = "opening";

/** The fields below a comment with `[K]`, as dotted paths. */
export function fromMemory(text: string): string[] {
  const found = new Set<string>();
  let section = "";
  let marked = false;
  for (const line of text.split("\n")) {
    if (line.startsWith("#")) {
      marked ||= line.includes("[K]");
      continue;
    }
    const [, table] = /^\[+([^\]]+)\]+$/.exec(line) ?? [];
    const [, key] = /^("[^"]+"|[A-Za-z0-9_-]+) = /.exec(line) ?? [];
    section = table ?? section;
    const path = table ?? (key === undefined ? undefined : [section, key].filter((part) => part !== "").join("."));
    if (marked) found.add(path === undefined || path === "id" ? OPENING : path);
    marked = false;
  }
  return [...found];
}
