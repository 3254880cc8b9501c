/**
 * `npm run conformance [scenario…]`: MCP's official conformance suite against the built binary, by the test client in
 * test/conformance. Each scenario of a client that a revision requires is run at that revision's wire; the results go into
 * docs/mcp.md.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..");
const SUITE = join(ROOT, "node_modules", "@modelcontextprotocol", "conformance");
export const PAGE = join(ROOT, "docs", "mcp.md");

export const REVISIONS = ["2026-07-28", "2025-11-25"] as const;
type Revision = (typeof REVISIONS)[number];
export const [NEWEST] = REVISIONS;

export interface Result {
  readonly revision: Revision;
  readonly scenario: string;
  readonly passed: boolean;
  /** What the suite printed. */
  readonly output: string;
}

/** Those that a revision scores, as the suite froze them at its release. */
export async function scoredScenarios(revision: Revision): Promise<string[]> {
  const text = await requirementsOf(revision);
  const [, client = ""] = /^client:\n((?: .*\n|\n)+)/m.exec(text) ?? [];
  return [...client.matchAll(/^ {2}- (\S+)$/gm)].map(([, name = ""]) => name);
}

/** Of MCP's extensions, which no revision scores: they are run at the newest one's wire. */
export async function extensionScenarios(): Promise<string[]> {
  const text = await requirementsOf(NEWEST);
  const found = text.matchAll(/^ {2}- scenario: (\S+)\n {4}leg: client\n {4}reason: extension$/gm);
  return [...found].map(([, name = ""]) => name);
}

function requirementsOf(revision: Revision): Promise<string> {
  return Bun.file(join(SUITE, "requirements", `${revision}.yaml`)).text();
}

/** The suite waits for its client, so that its time limit is that of a login. */
export async function runScenario(revision: Revision, scenario: string): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "auth-conformance-"));
  const client = `${process.execPath} ${join(ROOT, "test", "conformance", "client.ts")}`;
  const what = ["--scenario", scenario, "--spec-version", revision];
  // Else those of extensions are passed over.
  const args = ["client", "--command", client, ...what, "--force", "-o", folder];
  try {
    const child = Bun.spawn([process.execPath, join(SUITE, "dist", "index.js"), ...args], {
      cwd: ROOT,
      env: {
        PATH: process.env.PATH ?? "",
        HOME: folder,
        ...(process.env.AUTH_BINARY && { AUTH_BINARY: process.env.AUTH_BINARY }),
      },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    const code = await child.exited;
    // One that was skipped ends well too.
    const passed = code === 0 && /Passed: [1-9]\d*\/\d+, 0 failed, 0 warnings/.test(stderr);
    return { revision, scenario, passed, output: `${stdout}${stderr}` };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** All of them, two at a time. @param tell is given each as it ends */
export async function runAll(tell: (result: Result) => void, only: readonly string[] = []): Promise<Result[]> {
  const all: (readonly [Revision, string])[] = [];
  for (const revision of REVISIONS)
    for (const scenario of await scoredScenarios(revision)) all.push([revision, scenario]);
  for (const scenario of await extensionScenarios()) all.push([NEWEST, scenario]);
  const results: Result[] = [];
  const queue = all.filter(([, scenario]) => only.length === 0 || only.includes(scenario));
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const result = await runScenario(...next);
      results.push(result);
      tell(result);
    }
  };
  await Promise.all([work(), work()]);
  return results;
}

/** As the page has it. */
export async function tableOf(results: readonly Result[]): Promise<string> {
  const extensions = await extensionScenarios();
  const passedOf = (some: readonly Result[]): string =>
    `${some.filter(({ passed }) => passed).length} of ${some.length}`;
  const shown = (scenario: string, revision: Revision): string => {
    const result = results.find((one) => one.scenario === scenario && one.revision === revision);
    return result === undefined ? "–" : result.passed ? "passes" : "**fails**";
  };
  const names = [...new Set(results.map(({ scenario }) => scenario))].sort();
  const rows = names.map(
    (name) => `| \`${name}\` | ${REVISIONS.map((revision) => shown(name, revision)).join(" | ")} |`,
  );
  const counts = REVISIONS.map((revision) => {
    const mine = results.filter((one) => one.revision === revision && !extensions.includes(one.scenario));
    return `${passedOf(mine)} for ${revision}`;
  });
  const ofExtensions = passedOf(results.filter(({ scenario }) => extensions.includes(scenario)));
  return [
    `\`@modelcontextprotocol/conformance\` ${await suiteVersion()}, every scenario of a client that it scores: ${counts.join(", ")}; of extensions, which it doesn't score, ${ofExtensions}.`,
    "",
    `| scenario | ${REVISIONS.join(" | ")} |`,
    `|---|${REVISIONS.map(() => "---|").join("")}`,
    ...rows,
  ].join("\n");
}

async function suiteVersion(): Promise<string> {
  return ((await Bun.file(join(SUITE, "package.json")).json()) as { version: string }).version;
}

const MARKED = /(<!-- conformance: [^\n]*-->\n)[\s\S]*?(\n<!-- \/conformance -->)/;

/** The page with another table in it. */
export function withTable(page: string, table: string): string {
  return page.replace(MARKED, (_, begin, end) => `${begin}${table}${end}`);
}

if (import.meta.main) {
  const only = process.argv.slice(2);
  const results = await runAll(({ revision, scenario, passed, output }) => {
    console.log(`${passed ? "✓" : "✗"} ${revision} ${scenario}`);
    if (!passed) console.log(output);
  }, only);
  const failed = results.filter(({ passed }) => !passed);
  console.log(`\n${results.length - failed.length} passed, ${failed.length} failed`);
  if (only.length === 0) await Bun.write(PAGE, withTable(await Bun.file(PAGE).text(), await tableOf(results)));
  process.exit(failed.length > 0 || results.length === 0 ? 1 : 0);
}
