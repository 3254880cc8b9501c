// docs/reference.md: the topics of `auth help`, made from the same tables. A test compares the file with what this makes.
import { environment } from "../src/cli/help/environment.ts";
import { errorCodes, exitCodes } from "../src/cli/help/exit-codes.ts";
import { json } from "../src/cli/help/json.ts";
import type { Section } from "../src/cli/help/layout.ts";
import { paths } from "../src/cli/help/paths.ts";
import type { Topic } from "../src/cli/help/topics.ts";

export const REFERENCE = new URL("../docs/reference.md", import.meta.url);

const HEAD = `# Reference

Exit codes, error codes, environment variables, paths and JSON documents. The binary prints the same: \`auth help exit-codes\`,
\`auth help error-codes\`, \`auth help environment\`, \`auth help paths\`, \`auth help json\`; with \`--json\` as a document.
This page is generated from the tables of the source (\`npm run docs\`).
`;

/** Where the user's folders are on each platform, for the page. */
const PLATFORMS = [
  ["Linux", "linux", { HOME: "~", XDG_RUNTIME_DIR: "" }],
  ["macOS", "darwin", { HOME: "~" }],
  ["Windows", "win32", { APPDATA: "%APPDATA%", LOCALAPPDATA: "%LOCALAPPDATA%", TEMP: "%TEMP%" }],
] as const;

export function referencePage(): string {
  const parts = [
    part("Exit codes", exitCodes()),
    part("Error codes", errorCodes()),
    part("Environment variables", environment()),
    pathsPart(),
    part("JSON documents", json()),
  ];
  return `${[HEAD, ...parts].join("\n")}`;
}

function part(title: string, { intro, sections }: Topic): string {
  const [only] = sections;
  const tables = sections.map((section) =>
    section === only ? table(section) : `### ${section.title}\n\n${table(section)}`,
  );
  return `## ${title}\n\n${intro}.\n\n${tables.join("\n")}`;
}

function table({ rows }: Section): string {
  const cells = rows.map(([left, right]) => `| \`${left}\` | ${escaped(right)} |`);
  return `| | |\n|---|---|\n${cells.join("\n")}\n`;
}

function escaped(text: string): string {
  return text.replaceAll(/[|<>]/g, (character) => `\\${character}`);
}

function pathsPart(): string {
  const columns = PLATFORMS.map(
    ([, platform, env]) => paths(absoluteHome(env), platform).document as Record<string, string>,
  );
  const rows = Object.keys(columns[0] ?? {}).map(
    (name) => `| ${name} | ${columns.map((places) => `\`${shortHome(places[name] ?? "")}\``).join(" | ")} |`,
  );
  const head = `| | ${PLATFORMS.map(([title]) => title).join(" | ")} |\n|---|${PLATFORMS.map(() => "---").join("|")}|`;
  return `## Paths\n\nWithout \`AUTH_HOME\`, which moves everything into one folder. On Linux the XDG variables move the folders.\n\n${head}\n${rows.join("\n")}\n`;
}

/** `pathsFor` takes absolute folders only: what the page shows in short is made absolute, and short again. */
function absoluteHome(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, value === "~" ? "/~" : value === "" ? "" : `C:\\${value}`]),
  );
}

function shortHome(path: string): string {
  return path.replace(/^\/~/, "~").replace(/^C:\\(?=%)/, "");
}
