/**
 * docs/catalogue.md, made from providers/catalog/*.toml and their comments.
 * `node .ci/ready.mjs .ci/catalogue-page.ts` writes it; a test sees to it that it is up to date.
 */
import { catalog } from "../providers/catalog/index.ts";
import { flowsOf } from "../src/providers/flows.ts";
import type { ProviderDefinition } from "../src/providers/schema.ts";

export const PAGE = new URL("../docs/catalogue.md", import.meta.url);

export async function cataloguePage(): Promise<string> {
  const entries = await Promise.all(
    Object.entries(catalog).map(async ([id, load]) => {
      const file = new URL(`../providers/catalog/${id}.toml`, import.meta.url);
      return { definition: (await load()).default, text: await Bun.file(file).text() };
    }),
  );
  const rows = entries.map(({ definition, text }) => row(definition, text));
  const missing = entries.flatMap(({ definition: { id }, text }) =>
    unsaid(text).map((sentence) => `- \`${id}\`: ${sentence}`),
  );
  return [
    head(entries.length),
    ["| provider | title | flows | reads | not confirmed |", "|---|---|---|---|---|", ...rows].join("\n"),
    UNSAID,
    missing.join("\n"),
  ]
    .join("\n\n")
    .concat("\n");
}

function head(count: number): string {
  return `# The catalogue

Made from \`providers/catalog/\` by \`.ci/catalogue-page.ts\`; don't edit it by hand.

${count} providers come with \`auth\` besides the built-in ones, as manifests: one file each, which may be read, copied and
corrected. \`auth login <provider>\` uses one, \`auth provider show <provider>\` tells about it, and \`extends\`
([plugins.md](plugins.md)) changes what is wrong for you.

**They are consistent with themselves, not verified against the providers.** Each is made from the provider's public
documentation and passes \`auth provider check\`, which plays it against an issuer that speaks as the manifest says; no login
at these providers has been tried with it. The last column names what even the documentation doesn't confirm:

- a sentence: an assumption, and what overrides it;
- *from memory*: fields whose value was known, but not looked up (\`[K]\` above them in the file); \`opening\` means
  the file's first lines;
- *rotation unknown*: the careful default is taken, that a refresh replaces the refresh token.

A *reads* column without a variable means that no token is taken from the environment.`;
}

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
  return `| [\`${id}\`](${docs}) | ${title} | ${flows.join(", ")} | ${reads.join(", ")} | ${doubts.join(" ")} |`;
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

/** Each `# not sayable yet: …`, with the comment's further lines. */
function unsaid(text: string): string[] {
  const lines = text.split("\n");
  return lines.flatMap((line, at) => {
    const [, begun] = /^# not sayable yet: (.*)$/.exec(line) ?? [];
    if (begun === undefined) return [];
    const sentence = [begun];
    for (const next of lines.slice(at + 1)) {
      if (!next.startsWith("# ") || next.startsWith("# not sayable yet: ") || sentence.at(-1)?.endsWith(".")) break;
      sentence.push(next.slice(2));
    }
    return [sentence.join(" ").replaceAll("<", "&lt;")];
  });
}

if (import.meta.main) await Bun.write(PAGE, await cataloguePage());
