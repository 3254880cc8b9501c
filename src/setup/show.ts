/** Shows a person what would change: our parts, and never what is beside them or what they replace, which may be a secret. */
import { escapeText } from "../platform/escape.ts";
import type { Json, Part } from "./change.ts";
import type { Step } from "./engine.ts";
import { blockLines, hasSection } from "./formats/lines.ts";

export interface Shown {
  readonly path: string;
  readonly action: "create" | "change" | "remove" | "record";
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

export async function shownStep({ found, text, link, removes, adds }: Step): Promise<Shown> {
  const { path, real } = found;
  const before = found.text;
  const at = real === path ? path : `${path} (${real})`;
  const action = before === text ? "record" : before === null ? "create" : text === null ? "remove" : "change";
  if (link !== null) {
    const line = (to: string | null): string[] => (to === null || before === text ? [] : [`link to ${to}`]);
    return { path: at, action, removed: line(before), added: line(text) };
  }
  const removed = [...(await linesOf(removes, text)), ...(await replacedBy(adds))];
  const added = [...(await linesOf(adds, before)), ...(await replacedBy(removes))];
  return { path: at, action, removed, added };
}

/** @param without the file's text without these parts */
async function linesOf(parts: readonly Part[], without: string | null): Promise<string[]> {
  return (await Promise.all(parts.map(({ change }) => partLines(change, without ?? "")))).flat();
}

async function partLines(change: Part["change"], without: string): Promise<string[]> {
  switch (change.kind) {
    case "lines":
      return blockLines(change, !hasSection(without, change.section));
    case "json":
      return written(nested(change.path, change.value)).slice(1, -1);
    case "yaml": {
      const { stringify } = await import("yaml");
      const { list, item, path, value } = change;
      const object = { name: item, ...(nested(path, value) as object) };
      return stringify({ [list]: [object] }, { lineWidth: 0 })
        .trimEnd()
        .split("\n");
    }
    case "whole":
      return change.text.trimEnd().split("\n");
    case "link":
      return [];
  }
}

/** What they replaced: the setting's name, without its value. */
async function replacedBy(parts: readonly Part[]): Promise<string[]> {
  const lines = parts.map(({ change, was }) => {
    if (change.kind === "lines") return was === true ? [`${change.setting} …`] : [];
    const hasValue = typeof was === "object" && was !== null && "value" in was;
    return hasValue && "path" in change ? partLines({ ...change, value: "…" }, "") : [];
  });
  return (await Promise.all(lines)).flat();
}

function nested(path: readonly string[], value: Json): Json {
  return path.reduceRight<Json>((inner, name) => ({ [name]: inner }), value);
}

function written(value: Json): string[] {
  return JSON.stringify(value, null, 2).split("\n");
}

const WORDS = { create: "new", change: "changed", remove: "removed", record: "as it is" } as const;

/** As lines: the file, then what is removed and what is added. */
export function shownLines({ path, action, removed, added }: Shown): string[] {
  const lines = [...removed.map((line) => `- ${line}`), ...added.map((line) => `+ ${line}`)];
  return [`${path} (${WORDS[action]})`, ...lines].map((line) => escapeText(line.replaceAll("\t", "    ")));
}
