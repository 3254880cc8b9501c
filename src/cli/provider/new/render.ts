/** A draft as a file: a manifest in TOML, or a module in TypeScript. */
import type { Line, Section } from "./draft.ts";

/** @param head lines of the comment at the file's top */
export function asToml(head: readonly string[], sections: readonly Section[]): string {
  const blocks = sections.map(({ key, comment, lines }) => {
    const header = key === "" ? [] : [`${allOff(lines) ? "#" : ""}[${key}]`];
    return [...commentLines(comment, "# "), ...header, ...lines.flatMap((line) => tomlLines(line))].join("\n");
  });
  return `${[head.map((line) => `# ${line}`.trimEnd()).join("\n"), ...blocks].join("\n\n")}\n`;
}

/** @param more what stands at its end, as comments */
export function asModule(head: readonly string[], sections: readonly Section[], more: readonly string[]): string {
  const blocks = sections.map(({ key, comment, lines }) => {
    if (key === "") return lines.flatMap((line) => moduleLines(line, "  ")).join("\n");
    const off = allOff(lines) ? "// " : "";
    const inner = lines.flatMap((line) => moduleLines(off === "" ? line : { ...line, off: false }, "  "));
    const body = [`${key}: {`, ...inner, "},"].map((line) => `  ${off}${line}`);
    return [...commentLines(comment, "  // "), ...body].join("\n");
  });
  const end = more.map((line) => `  // ${line}`.trimEnd()).join("\n");
  return `import { defineProvider } from "auth/provider";

${head.map((line) => `// ${line}`.trimEnd()).join("\n")}
export default defineProvider({
${[...blocks, end].join("\n\n")}
});
`;
}

function allOff(lines: readonly Line[]): boolean {
  return lines.every(({ off }) => off);
}

/** `# ` is a comment, `#` alone a field that is off. */
function tomlLines({ key, value, comment, off }: Line): string[] {
  return [...commentLines(comment, "# "), `${off ? "#" : ""}${key} = ${tomlValue(value)}`];
}

/** A comment goes above its field; one that is off keeps its own mark. */
function moduleLines({ key, value, comment, off }: Line, indent: string): string[] {
  return [...commentLines(comment, `${indent}// `), `${indent}${off ? "// " : ""}${key}: ${moduleValue(value)},`];
}

function tomlValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(tomlValue).join(", ")}]`;
  if (typeof value === "object" && value !== null)
    return `{ ${Object.entries(value)
      .map(([key, part]) => `${key} = ${tomlValue(part)}`)
      .join(", ")} }`;
  // JSON's escapes are TOML's too, but that JSON leaves DEL as it is.
  return JSON.stringify(value).replaceAll("\x7f", "\\u007F");
}

function moduleValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(moduleValue).join(", ")}]`;
  if (typeof value === "object" && value !== null)
    return `{ ${Object.entries(value)
      .map(([key, part]) => `${key}: ${moduleValue(part)}`)
      .join(", ")} }`;
  return JSON.stringify(value);
}

/** What discovery says is somebody else's text: no line of it may end the comment. */
function commentLines(text: string | undefined, mark: string): string[] {
  return text === undefined ? [] : [`${mark}${text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, " ")}`];
}
