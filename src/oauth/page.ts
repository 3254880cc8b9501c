/** The browser pages of a login's result. No script, no external resources. */
import { escapeText } from "../platform/escape.ts";

export interface Page {
  readonly kind: "success" | "failure";
  readonly title: string;
  /** A paragraph a line. */
  readonly text: string;
  /** The provider's message, shown separately. */
  readonly quote?: string | null;
}

export function renderPage({ kind, title, text, quote }: Page): string {
  const blockquote = quote ? `<blockquote>${html(quote)}</blockquote>` : "";
  const sign = kind === "success" ? CHECK : CROSS;
  const paragraphs = text.split("\n").map((line) => `<p>${html(line)}</p>`);
  return renderDocument(title, kind, [sign, `<h1>${html(title)}</h1>`, ...paragraphs, blockquote].join("\n"));
}

/** @param content HTML with all foreign text escaped */
export function renderDocument(title: string, kind: Page["kind"] | "form", content: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${html(title)}</title>
<style>${STYLE}</style>
<body class="${kind}">
<main>
${content}
</main>
<footer>auth</footer>
</body>
</html>
`;
}

/** Allows the one style sheet, by its hash, and nothing else (CSP Level 3). @param forms where a form may be sent to */
export function contentSecurityPolicy(forms: "'none'" | "'self'" = "'none'"): string {
  const hash = new Bun.CryptoHasher("sha256").update(STYLE).digest("base64");
  return `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action ${forms}; frame-ancestors 'none'`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export function html(text: string): string {
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
p { margin-top: 10px; color: var(--soft); text-wrap: pretty; overflow-wrap: anywhere }
blockquote {
  margin-top: 24px; padding: 12px 16px; text-align: left; font: 14px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace;
  color: var(--soft); background: var(--paper); border-radius: 10px; border-left: 3px solid var(--sign); overflow-wrap: anywhere;
}
.form main { width: min(100%, 30rem); text-align: left; --sign: #2f5fd0 }
ol { margin: 18px 0 0; padding-left: 1.25em; color: var(--soft); font-size: 15px }
li { margin-top: 6px; overflow-wrap: anywhere }
code { font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; padding: 2px 6px; border-radius: 6px; background: var(--paper); color: var(--ink) }
a { color: inherit }
form { margin-top: 28px; padding-top: 24px; border-top: 1px solid var(--line) }
label { display: block; margin-bottom: 18px; font-size: 14px; font-weight: 600 }
label small { float: right; font-weight: 400; color: var(--soft) }
input, textarea {
  display: block; width: 100%; margin-top: 6px; padding: 11px 13px; color: var(--ink); background: var(--paper);
  font: 15px/1.4 ui-monospace, "SF Mono", Menlo, Consolas, monospace; border: 1px solid var(--line); border-radius: 10px;
}
textarea { height: 8.5em; resize: vertical }
button {
  width: 100%; padding: 13px; font: inherit; font-weight: 600; color: #fff; background: #2f5fd0; border: 0; border-radius: 10px; cursor: pointer;
}
button:hover { background: #264fb0 }
input:focus-visible, textarea:focus-visible, button:focus-visible, a:focus-visible { outline: 3px solid #7ea2f5; outline-offset: 2px }
.fault { margin: 0 0 18px; padding: 10px 14px; font-size: 15px; color: var(--ink); border-radius: 10px; border-left: 3px solid #c2322d; background: var(--paper) }
.form .safe { margin-top: 16px; font-size: 13px; text-align: center }
footer { padding: 20px 0 4px; font-size: 13px; letter-spacing: .04em; color: var(--soft) }
`;
