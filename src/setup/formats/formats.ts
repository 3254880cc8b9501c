/** How each kind of change is made, found again and taken out. */
import type { Change, Format } from "../change.ts";

const FORMATS: Readonly<Record<Change["kind"], () => Promise<{ readonly default: unknown }>>> = {
  json: () => import("./json.ts"),
  lines: () => import("./lines.ts"),
  yaml: () => import("./yaml.ts"),
  whole: () => import("./whole.ts"),
  link: () => import("./whole.ts"),
};

export async function formatOf({ kind }: Change): Promise<Format<Change>> {
  return (await FORMATS[kind]()).default as Format<Change>;
}
