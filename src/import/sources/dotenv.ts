/** `.env` of the current folder: variables that hold a token or a key. https://www.dotenv.org/docs/security/env */
import { Secret } from "../../platform/secret.ts";
import { assignmentOf } from "../assignment.ts";
import type { ForeignFile } from "../file.ts";
import { joined } from "../paths.ts";
import type { Found, ImportSource } from "../source.ts";

export const dotenv: ImportSource = {
  id: "env",
  title: ".env",
  otherNames: [".env", "dotenv"],
  places: (where) => [{ path: where.file ?? joined(where, where.folder, ".env"), readText }],
};

/** A secret that is a token or a key by itself. One of a client, or of several parts, isn't. */
const OF_USE = /(?:^|_)(?:TOKEN|API_?KEY|PAT|ACCESS_KEY|AUTH_KEY)$/i;
/** What examples have in the place of a value, and references to other places. */
const NONE = /^(?:|x+|\*+|\.+|<.*>|your[-_ ].*|change.?me|todo|null|none|test)$|\$|^(?:op|auth|vault):\/\//i;

function readText({ text }: ForeignFile): Found[] {
  return text.split(/\r?\n/).flatMap((line): Found[] => {
    const [name, written] = assignmentOf(line) ?? ["", ""];
    const variable = name.replace(/^export\s+/, "");
    const value = unquoted(written)?.trim() ?? "";
    if (!/^[A-Za-z_]\w*$/.test(variable)) return [];
    if (!OF_USE.test(variable) || variable.startsWith("AUTH_") || NONE.test(value)) return [];
    const edit = (now: string): string =>
      now
        .split("\n")
        .filter((one) => one.replace(/\r$/, "") !== line)
        .join("\n");
    const credential = { kind: "key", accessToken: new Secret(value) } as const;
    return [{ account: null, target: { by: "variable", variable }, credential, removal: { from: "text", edit } }];
  });
}

/** Without its quotes and a comment behind it; null where something else follows. */
function unquoted(written: string): string | null {
  const [quote = ""] = /^["']/.exec(written) ?? [];
  const [bare = ""] = quote === "" ? (/^[^\s#]*/.exec(written) ?? []) : [];
  const end = quote === "" ? bare.length : written.indexOf(quote, 1);
  const after = written.slice(end + quote.length).trim();
  if (end < 0 || (after !== "" && !after.startsWith("#"))) return null;
  return written.slice(quote.length, end);
}
