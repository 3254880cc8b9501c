/** Files and links that auth makes. The text of a link is its target. */
import type { Change, Format } from "../change.ts";
import { InTheWay, Unreadable } from "../change.ts";
import { NO_LINK } from "../files.ts";

type Owned = Extract<Change, { kind: "whole" | "link" }>;

const whole: Format<Owned> = {
  async add(text, change, mayReplace) {
    const wanted = contentOf(change);
    if (text === wanted) return null;
    // --undo could not restore a file or a folder.
    if (text === NO_LINK) throw new Unreadable("is there already, and is none of auth's");
    if (text !== "" && change.kind === "whole")
      throw new Unreadable("is there already, and is none of auth's: move it away first");
    if (text !== "" && !mayReplace) throw new InTheWay("something else is there");
    return { edits: [{ at: 0, removed: text, inserted: wanted }], was: text };
  },
  async stateOf(text, change) {
    return text === "" ? "gone" : text === contentOf(change) ? "stands" : "changed";
  },
  async remove(_text, _change, was) {
    return typeof was === "string" ? was : "";
  },
};
export default whole;

function contentOf(change: Owned): string {
  return change.kind === "link" ? change.to : change.text;
}
