/** The structure of DESIGN.md §1, checked: which folder may import which, and who touches the outside world. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";

const ROOT = join(import.meta.dir, "..");

/** A folder, and what it may import besides itself. `providers` are the plugins, `src/providers` their contract. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "src/platform": ["package.json"],
  "src/vault": ["src/platform"],
  "src/release": ["src/platform"],
  "src/import": ["src/platform"],
  "src/setup": ["src/mcp", "src/vault", "src/platform"],
  "src/providers": ["src/platform"],
  "src/oauth": ["src/platform", "src/providers"],
  "src/connections": ["src/oauth", "src/providers", "src/vault", "src/platform"],
  "src/contract": ["src/connections", "src/oauth", "src/providers", "src/vault", "src/platform"],
  "src/mcp": ["src/platform"],
  "src/inject": ["src/oauth", "src/providers", "src/vault", "src/platform"],
  "src/agent": ["src/connections", "src/vault", "src/platform"],
  "src/proxy": ["src/inject", "src/platform"],
  "src/cli": [
    "src/agent",
    "src/contract",
    "src/connections",
    "src/import",
    "src/inject",
    "src/mcp",
    "src/oauth",
    "src/providers",
    "src/proxy",
    "src/release",
    "src/setup",
    "src/vault",
    "src/platform",
    "providers",
    "package.json",
  ],
  "src/main.ts": [
    "src/cli",
    "src/connections",
    "src/inject",
    "src/providers",
    "src/vault",
    "src/platform",
    "package.json",
  ],
  providers: [],
};

interface Source {
  /** From the root: `src/cli/token.ts`. */
  readonly path: string;
  /** Without comments. */
  readonly code: string;
  readonly imports: readonly string[];
}

const sources: readonly Source[] = ["src", "providers"].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => read(join(folder, name))),
);

function read(path: string): Source {
  const text = readFileSync(join(ROOT, path), "utf8");
  const code = withoutComments(text);
  const found = [
    ...code.matchAll(/^(?:import|export)\b[^"';]*?\bfrom\s*"([^"]+)"/gm),
    ...code.matchAll(/\bimport\s*\(?\s*"([^"]+)"/g),
  ];
  return { path, code, imports: [...new Set(found.map((match) => match[1] ?? ""))] };
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(^|[^:"'`\\])\/\/.*$/gm, "$1");
}

function folderOf(path: string): string {
  const [top = "", second = ""] = path.split("/");
  return top === "src" ? `src/${second}` : top;
}

/** Files of ours that a source imports, from the root. */
function ours({ path, imports }: Source): string[] {
  return imports.filter((name) => name.startsWith(".")).map((name) => normalize(join(dirname(path), name)));
}

/** Source files for which the check finds something, with what it found. */
function findings(of: (source: Source) => readonly string[], where = (_: Source): boolean => true): string[] {
  return sources.filter(where).flatMap((source) => of(source).map((found) => `${source.path}: ${found}`));
}

describe("imports point downwards only", () => {
  for (const [folder, allowed] of Object.entries(MAY_IMPORT))
    test(folder, () => {
      const files = sources.filter(({ path }) => folderOf(path) === folder);
      expect(files.length).toBeGreaterThan(0);
      const wrong = files.flatMap((source) =>
        ours(source)
          .filter((target) => folderOf(target) !== folder && !allowed.includes(folderOf(target)))
          .map((target) => `${source.path} → ${target}`),
      );
      expect(wrong).toEqual([]);
    });

  test("every file is in one of these folders", () => {
    expect(sources.map(({ path }) => folderOf(path)).filter((folder) => !(folder in MAY_IMPORT))).toEqual([]);
  });

  test("oauth takes from providers only what a description says: the schema and its defaults", () => {
    const taken = findings(
      (source) => ours(source).filter((target) => folderOf(target) === "src/providers"),
      ({ path }) => folderOf(path) === "src/oauth",
    );
    expect(taken.filter((line) => !/\/(schema|defaults)\.ts$/.test(line))).toEqual([]);
  });
});

test("nothing but the vault itself knows where a vault can be", () => {
  const above = ({ path }: Source): boolean => path.startsWith("src/") && folderOf(path) !== "src/vault";
  expect(findings((source) => ours(source).filter((target) => target.startsWith("src/vault/shared/")), above)).toEqual(
    [],
  );
  const beside = ({ path }: Source): boolean => folderOf(path) === "src/vault" && !path.startsWith("src/vault/shared/");
  const users = sources.filter(beside).filter((one) => ours(one).some((path) => path.startsWith("src/vault/shared/")));
  expect(users.map(({ path }) => path)).toEqual(["src/vault/store.ts"]);
});

test("a plugin imports the public contract, and nothing else", () => {
  const plugins = ({ path }: Source): boolean => folderOf(path) === "providers" && !path.endsWith("/index.ts");
  expect(sources.filter(plugins).length).toBeGreaterThan(1);
  expect(findings(({ imports }) => imports.filter((name) => name !== "auth/provider"), plugins)).toEqual([]);
});

/** What a source finds is a provider's: there the names of both stand beside each other. */
const SOURCES = /^src\/import\/source(s\/|s\.ts$|-ids\.ts$)/;

test("src knows no provider's name", () => {
  const names = readdirSync(join(ROOT, "providers"))
    .map((file) => file.replace(/\.ts$/, ""))
    // These three are kinds of login, and what CLI.md itself calls them.
    .filter((id) => !["index", "catalog", "oidc", "mcp", "apikey"].includes(id));
  expect(names.length).toBeGreaterThan(2);
  const pattern = new RegExp(`\\b(${names.join("|")}|gitlab|azure|microsoft)\\b`, "gi");
  // The list of CI systems and `export --format github-actions` name those, not the providers; and cargo calls crates.io
  // by the address of its old index; and a file of PowerShell has its maker's name.
  const withoutCi = (code: string): string =>
    code.replace(/github-actions(?:", "gitlab")?|github\.com\/rust-lang\/crates\.io-index|Microsoft\.PowerShell/g, "");
  const found = findings(({ path, code }) =>
    path.startsWith("src/") && !SOURCES.test(path) ? [...withoutCi(code).matchAll(pattern)].map(([name]) => name) : [],
  );
  expect(found).toEqual([]);
});

/** One exchange, sending again, what is streamed, and the way through a proxy; and `node:net`'s lists of addresses. */
const NETWORK = [
  ...[
    "knock.ts",
    "http.ts",
    "http-retry.ts",
    "http-stream.ts",
    "http-server.ts",
    "local-http.ts",
    "proxy.ts",
    "private-host.ts",
  ],
].map((name) => `src/platform/${name}`);

test("only platform/http.ts and what belongs to it talk to the network", () => {
  const calls = /\bfetch\s*\(|["']ofetch["']|["']node:(https?|net|tls|dgram)["']|\bnew WebSocket\b|\bBun\.connect\b/g;
  const found = findings(
    ({ code }) => [...code.matchAll(calls)].map(([call]) => call),
    ({ path }) => !NETWORK.includes(path),
  );
  expect(found).toEqual([]);
});

test("only platform/url.ts decides which hosts and origins are the same", () => {
  const compared =
    /\bnew URL\([^)]*\)\.origin\b|\bURL\.parse\([^)]*\)\??\.origin\b|\.origin\s*[!=]==|[!=]==\s*\w+\.origin\b|127\(\\\.|\(localhost\|/g;
  const found = findings(
    ({ code }) => [...code.matchAll(compared)].map(([text]) => text),
    ({ path }) => path.startsWith("src/") && path !== "src/platform/url.ts",
  );
  expect(found).toEqual([]);
});

test("only platform and main.ts touch argv, the environment or a terminal", () => {
  const touched =
    /\bprocess\.(argv|env|chdir|stdin|stdout|stderr|exit|on|kill)\b|\bBun\.(env|argv|stdin)\b|["']node:(tty|readline)["']/g;
  const found = findings(
    ({ code }) => [...code.matchAll(touched)].map(([use]) => use),
    ({ path }) => folderOf(path) !== "src/platform" && path !== "src/main.ts",
  );
  expect(found).toEqual([]);
});

// But for what passes on the output of a command.
test("nothing below cli prints", () => {
  const found = findings(
    ({ code }) =>
      [...code.matchAll(/\bconsole\.(log|error|warn|info|debug|trace)\b|\bBun\.(stdout|stderr)\b/g)].map(
        ([use]) => use,
      ),
    ({ path }) =>
      ![
        "src/cli/output.ts",
        "src/cli/stderr.ts",
        "src/cli/messages.ts",
        "src/platform/terminal.ts",
        "src/platform/filtered-child.ts",
        "src/platform/filtered-terminal.ts",
      ].includes(path) && path !== "src/main.ts",
  );
  expect(found).toEqual([]);
});

test("what the hot path loads at its start is light: builtins and libraries that cost milliseconds come later", () => {
  const heavy =
    /^(node:(fs|crypto|util|tty|http|https|net|stream|readline|child_process)(\/.*)?|consola.*|citty|oauth4webapi|ofetch|jose|uqr|valibot)$/;
  const loaded = loadedWith(
    ...["src/main.ts", "src/cli/token.ts", "src/cli/run.ts", "src/platform/exec.ts"],
    ...["src/cli/helper/answer.ts", "src/cli/mcp/bridge.ts"],
  );
  expect(loaded.length).toBeGreaterThan(10);
  const found = loaded.flatMap((path) =>
    staticImports(path)
      .filter((name) => heavy.test(name))
      .map((name) => `${path}: ${name}`),
  );
  expect(found).toEqual([]);
});

const MOST_MODULES = 40;

test("a fresh token loads few modules", () => {
  const loaded = loadedWith("src/main.ts", "src/cli/token.ts");
  expect(loaded).toContain("src/vault/sqlite.ts");
  if (loaded.length > MOST_MODULES)
    throw new Error(
      [
        `${loaded.length} modules, ${MOST_MODULES} at most: what a fresh token doesn't need is loaded where it is needed, by import().`,
        ...loaded.sort(),
      ].join("\n"),
    );
});

/** The files of ours that are loaded with these, and these. */
function loadedWith(...entries: readonly string[]): string[] {
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const name of staticImports(path))
      if (name.startsWith(".") && name.endsWith(".ts")) visit(normalize(join(dirname(path), name)));
  };
  entries.forEach(visit);
  return [...seen];
}

/** What is imported when the file is: not types, not `import()`. */
function staticImports(path: string): string[] {
  const transpiler = new Bun.Transpiler({ loader: "ts" });
  return transpiler
    .scanImports(readFileSync(join(ROOT, path), "utf8"))
    .filter(({ kind }) => kind === "import-statement")
    .map(({ path: name }) => name);
}

test("files stay small, one idea each: none is longer than 300 lines", () => {
  const sizes = sources.map(({ path }) => [path, readFileSync(join(ROOT, path), "utf8").split("\n").length] as const);
  expect(sizes.filter(([, lines]) => lines > 300)).toEqual([]);
});

test("no path of the workplace is committed", () => {
  const found = findings(({ code }) => [...code.matchAll(/\/work\/\w+/g)].map(([path]) => path));
  expect(found).toEqual([]);
  expect(relative(ROOT, import.meta.path)).toBe("test/architecture.test.ts");
});
