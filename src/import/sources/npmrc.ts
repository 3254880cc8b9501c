/**
 * `.npmrc`: a registry's token is `//<registry>/:_authToken=<token>`.
 *
 * https://docs.npmjs.com/cli/configuring-npm/npmrc
 */
import { Secret } from "../../platform/secret.ts";
import { hostFrom } from "../../platform/url.ts";
import { assignmentOf } from "../assignment.ts";
import type { ForeignFile } from "../file.ts";
import { inFolder, inHome } from "../paths.ts";
import type { Found, ImportSource } from "../source.ts";

export const npmrc: ImportSource = {
  id: "npmrc",
  title: "npm",
  otherNames: [".npmrc", "npm"],
  places: (where) => {
    const variable = where.env.NPM_CONFIG_USERCONFIG ? "NPM_CONFIG_USERCONFIG" : "npm_config_userconfig";
    const named = inFolder(where, variable, []);
    const usual = named.length > 0 ? named : inHome(where, ".npmrc");
    return (where.file === null ? usual : [where.file]).map((path) => ({ path, readText }));
  },
};

const SETTINGS = ["_authToken", "_auth", "_password"];

function readText({ text }: ForeignFile): Found[] {
  return text.split(/\r?\n/).flatMap((line): Found[] => {
    const [before, quoted] = assignmentOf(line) ?? ["", ""];
    // `//<registry>/:<setting>`: a registry's port has a colon too.
    const colon = before.lastIndexOf(":");
    const key = before.slice(colon + 1);
    if (!before.startsWith("//") || !SETTINGS.includes(key)) return [];
    const [at = "", ...below] = before.slice(2, colon).split("/").filter(Boolean);
    const host = hostFrom(at);
    const path = below.join("/");
    const value = quoted.replace(/^(["'])(.*)\1$/, "$2");
    // `${NPM_TOKEN}` says where the token is, and holds none.
    if (host === null || value === "" || value.includes("${")) return [];
    const target = { by: "host", host, ...(path !== "" && { path }) } as const;
    if (key !== "_authToken")
      return [{ account: null, target, credential: null, stays: "it is a user's name and password, for npm alone" }];
    const edit = (now: string): string =>
      now
        .split("\n")
        .filter((one) => one.replace(/\r$/, "") !== line)
        .join("\n");
    const credential = { kind: "key", accessToken: new Secret(value) } as const;
    return [{ account: null, target, credential, removal: { from: "text", edit } }];
  });
}
