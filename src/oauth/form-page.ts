/** The page that asks a person for what a login lacks. No script; typed values aren't shown again, except ids. */
import { html, renderDocument } from "./page.ts";

export interface Field {
  readonly name: string;
  readonly label: string;
  /** `secret` is shown as dots, `key` may have several lines. */
  readonly kind: "text" | "secret" | "key";
  readonly required: boolean;
}

export interface FormPage {
  readonly title: string;
  readonly text: string;
  /** What to do first, one line each. An https URL at the end of a line becomes a link. */
  readonly steps: readonly string[];
  readonly fields: readonly Field[];
}

/**
 * @param action the path that the form is sent to
 * @param fault what was wrong with what came before
 */
export function renderForm(
  page: FormPage,
  action: string,
  csrf: string,
  typed: ReadonlyMap<string, string>,
  fault: string | null,
): string {
  const steps =
    page.steps.length === 0 ? "" : `<ol>${page.steps.map((step) => `<li>${linked(step)}</li>`).join("")}</ol>`;
  // Focus scrolls to the field, past what has to be read first.
  const focus = page.steps.length === 0 || fault !== null;
  const fields = page.fields
    .map((field, i) => control(field, typed.get(field.name) ?? "", focus && i === 0))
    .join("\n");
  return renderDocument(
    page.title,
    "form",
    `<h1>${html(page.title)}</h1>
<p>${html(page.text)}</p>
${steps}
<form method="post" action="${html(action)}" autocomplete="off">
${fault === null ? "" : `<p class="fault" role="alert">${html(fault)}</p>`}
<input type="hidden" name="csrf" value="${html(csrf)}">
${fields}
<button type="submit">Continue</button>
<p class="safe">This goes to the program on this machine that waits for it, and nowhere else.</p>
</form>`,
  );
}

function control({ name, label, kind, required }: Field, typed: string, first: boolean): string {
  const optional = required ? "" : "<small>if there is one</small>";
  const common = `name="${html(name)}" autocapitalize="off" spellcheck="false"${required ? " required" : ""}${first ? " autofocus" : ""}`;
  const input =
    kind === "key"
      ? `<textarea ${common} autocomplete="off" placeholder="-----BEGIN PRIVATE KEY-----"></textarea>`
      : kind === "secret"
        ? `<input type="password" ${common} autocomplete="new-password">`
        : `<input type="text" ${common} autocomplete="off" value="${html(typed)}">`;
  return `<label>${html(label)}${optional}${input}</label>`;
}

/** URLs come from the provider's description: only https ones become links. */
function linked(step: string): string {
  const found = /https:\/\/[^\s,;)]+/.exec(step);
  if (found === null) return coded(step);
  const [url] = found;
  const [before, after] = [step.slice(0, found.index), step.slice(found.index + url.length)];
  if (/redirect/i.test(before)) return `${coded(before)}<code>${html(url)}</code>${coded(after)}`;
  return `${coded(before)}<a href="${html(url)}" target="_blank" rel="noopener noreferrer">${html(url)}</a>${coded(after)}`;
}

/** An address of this machine is to be copied, not visited. */
function coded(text: string): string {
  return text
    .split(/(http:\/\/(?:127\.0\.0\.1|localhost)\S*)/)
    .map((part, i) => (i % 2 === 1 ? `<code>${html(part)}</code>` : html(part)))
    .join("");
}
