/** The page a browser shows after a login: one glance tells success from failure. No script, nothing fetched. */
import { escapeText } from "../platform/escape.ts";

export interface Page {
  readonly kind: "success" | "failure";
  readonly title: string;
  readonly text: string;
  /** The provider's own words, set apart from ours. */
  readonly quote?: string | null;
}

export function renderPage({ kind, title, text, quote }: Page): string {
  const said = quote ? `<blockquote>${html(quote)}</blockquote>` : "";
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${html(title)}</title>
<style>${STYLE}</style>
<body class="${kind}">
<main>
${kind === "success" ? CHECK : CROSS}
<h1>${html(title)}</h1>
<p>${html(text)}</p>
${said}
</main>
<footer>auth</footer>
</body>
</html>
`;
}

/** Allows the one style sheet, by its hash, and nothing else (CSP Level 3). */
export function contentSecurityPolicy(): string {
  const hash = new Bun.CryptoHasher("sha256").update(STYLE).digest("base64");
  return `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function html(text: string): string {
  return escapeText(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}

const CHECK = `<svg viewBox="0 0 96 96" aria-hidden="true"><circle cx="48" cy="48" r="46"/><path d="M29 50l13 13 26-29"/></svg>`;
const CROSS = `<svg viewBox="0 0 96 96" aria-hidden="true"><circle cx="48" cy="48" r="46"/><path d="M34 34l28 28M62 34L34 62"/></svg>`;

const STYLE = `
:root { --paper: #f6f7f9; --card: #fff; --ink: #16191f; --soft: #5b6472; --line: #e3e6eb; --sign: #12805c }
.failure { --sign: #c2322d }
@media (prefers-color-scheme: dark) {
  :root { --paper: #0f1216; --card: #181c22; --ink: #eef1f5; --soft: #9aa4b2; --line: #2a3038; --sign: #45d19b }
  .failure { --sign: #ff7a70 }
}
* { box-sizing: border-box; margin: 0 }
body {
  min-height: 100vh; min-height: 100svh; display: grid; grid-template-rows: 1fr auto; place-items: center; padding: 24px;
  background: var(--paper); color: var(--ink);
  font: 17px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
main {
  width: min(100%, 27rem); padding: 44px 40px 40px; text-align: center; background: var(--card);
  border: 1px solid var(--line); border-radius: 20px; box-shadow: 0 1px 2px rgb(0 0 0 / .04), 0 12px 40px rgb(0 0 0 / .07);
}
svg { width: 76px; height: 76px; margin-bottom: 24px; fill: none; stroke: var(--card); stroke-width: 7; stroke-linecap: round; stroke-linejoin: round }
circle { fill: var(--sign); stroke: none }
path { stroke-dasharray: 90; animation: draw .5s .1s ease-out backwards }
@keyframes draw { from { stroke-dashoffset: 90 } }
@media (prefers-reduced-motion: reduce) { path { animation: none } }
h1 { font-size: 1.5rem; line-height: 1.25; font-weight: 650; letter-spacing: -.015em; text-wrap: balance; overflow-wrap: anywhere }
p { margin-top: 10px; color: var(--soft); text-wrap: pretty }
blockquote {
  margin-top: 24px; padding: 12px 16px; text-align: left; font: 14px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace;
  color: var(--soft); background: var(--paper); border-radius: 10px; border-left: 3px solid var(--sign); overflow-wrap: anywhere;
}
footer { padding: 20px 0 4px; font-size: 13px; letter-spacing: .04em; color: var(--soft) }
`;
