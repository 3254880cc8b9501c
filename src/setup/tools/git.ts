/** The user's git configuration: one section for each origin, in which `auth` alone is asked. */
import { configFolder, inFolder, inHome, joined } from "../../platform/places.ts";
import { isSameOrigin, originOf } from "../../platform/url.ts";
import { requirePlace } from "../needs.ts";
import { helperWords, posixLine } from "../program.ts";
import { refused } from "../refused.ts";
import type { SetupCall, Tool } from "../tool.ts";

const git: Tool = {
  async plan(call) {
    const path = await placeOf(call);
    const text = (await call.textOf(path)) ?? "";
    const helpers = helpersIn(text);
    const origins = await call.origins();
    const wanted = origins.map((origin) => {
      const other = helpers.find(({ url, helper }) => url !== null && helper !== "" && covers(url, origin));
      if (other !== undefined && !call.replace)
        throw refused(
          `${path} has another helper already: credential.${originOf(other.url ?? origin)}.helper.`,
          "To ask auth in its place, until --undo: --replace",
        );
      // The empty one first: helpers that are set up for every host aren't asked, and don't store the token.
      const lines = [`[credential "${origin}"]`, "\thelper =", `\thelper = ${quoted(commandFor(call))}`];
      return {
        name: origin,
        path,
        change: { kind: "lines", label: `git ${origin}`, lines, section: null, setting: null },
      } as const;
    });
    const general = helpers
      .filter(({ url, helper }) => url === null && helper !== "")
      .map(({ helper }) => (/^[\w./-]+$/.test(helper) ? `'${helper}'` : "a command of its configuration"));
    const notes = general.length === 0 ? [] : [`For other hosts git still asks ${general.join(" and ")}.`];
    return { wanted, notes };
  },
};
export default git;

/** git-config(1), FILES: where git itself would write. */
async function placeOf(call: SetupCall): Promise<string> {
  if (call.system) return requirePlace(inFolder(call, "GIT_CONFIG_SYSTEM", ["/etc/gitconfig"]));
  const [named] = inFolder(call, "GIT_CONFIG_GLOBAL", []);
  if (named !== undefined) return named;
  const usual = requirePlace(inHome(call, ".gitconfig"));
  const [folder] = call.platform === "win32" ? [] : configFolder(call, "git");
  if (folder === undefined || (await call.textOf(usual)) !== null) return usual;
  const other = joined(call, folder, "config");
  return (await call.textOf(other)) === null ? usual : other;
}

/** git runs it with sh on every system. */
function commandFor(call: SetupCall): string {
  const auth = call.platform === "win32" ? call.auth.replaceAll("\\", "/") : call.auth;
  return `!${posixLine(helperWords({ ...call, auth }, "git"))}`;
}

/** git-config(1), Syntax: quoted where a comment's sign, a quote or a backslash is in it. */
function quoted(value: string): string {
  return /[#;"\\]/.test(value) ? `"${value.replace(/["\\]/g, "\\$&")}"` : value;
}

/** Every `helper` with the URL of its section. null: it is for all. */
function helpersIn(text: string): { url: string | null; helper: string }[] {
  const found: { url: string | null; helper: string }[] = [];
  let section: { url: string | null } | null = null;
  for (const line of text.split("\n")) {
    const [, url] = /^\s*\[credential(?:\s+"([^"]*)")?\s*\]/i.exec(line) ?? [];
    if (/^\s*\[/.test(line)) section = /^\s*\[credential[\s\]]/i.test(line) ? { url: url ?? null } : null;
    const [, helper] = /^helper\s*=(.*)$/i.exec(line.replace(/^\s*\[[^\]]*\]/, "").trim()) ?? [];
    if (section !== null && helper !== undefined) found.push({ url: section.url, helper: helper.trim() });
  }
  return found;
}

function covers(url: string, origin: string): boolean {
  return URL.canParse(url) && isSameOrigin(url, origin);
}
