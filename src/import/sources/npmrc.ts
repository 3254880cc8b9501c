/**
 * `.npmrc`: a registry's token is `//<registry>/:_authToken=<token>`, read by npm's own reader.
 *
 * https://docs.npmjs.com/cli/configuring-npm/npmrc
 */
import { parse } from "ini";
import { inFolder, inHome } from "../../platform/places.ts";
import { Secret } from "../../platform/secret.ts";
import { hostFrom } from "../../platform/url.ts";
import type { ForeignFile } from "../file.ts";
import { type Found, type ImportSource, textPlaces } from "../source.ts";

export const npmrc: ImportSource = {
  id: "npmrc",
  title: "npm",
  otherNames: [".npmrc", "npm"],
  places: (where) => {
    const variable = where.env.NPM_CONFIG_USERCONFIG ? "NPM_CONFIG_USERCONFIG" : "npm_config_userconfig";
    return textPlaces(where, inFolder(where, variable, inHome(where, ".npmrc")), readText);
  },
};

const SETTINGS = ["_authToken", "_auth", "_password"];

function readText({ text }: ForeignFile): Found[] {
  return Object.entries(parse(text)).flatMap(([name, value]): Found[] => {
    // `//<registry>/:<setting>`: a registry's port has a colon too.
    const colon = name.lastIndexOf(":");
    const key = name.slice(colon + 1);
    if (!name.startsWith("//") || !SETTINGS.includes(key)) return [];
    const [at = "", ...below] = name.slice(2, colon).split("/").filter(Boolean);
    const host = hostFrom(at);
    const path = below.join("/");
    if (host === null || typeof value !== "string" || value === "") return [];
    const target = { by: "host", host, ...(path !== "" && { path }) } as const;
    const stays = (why: string): Found[] => [{ account: null, target, credential: null, stays: why }];
    if (value.includes("${")) return stays("it says where the value is, and holds none");
    if (key !== "_authToken") return stays("it is a user's name and password, for npm alone");
    const credential = { kind: "key", accessToken: new Secret(value) } as const;
    const edit = (now: string): string => (parse(now)[name] === value ? withoutSetting(now, name) : now);
    return [{ account: null, target, credential, removal: { from: "text", edit } }];
  });
}

/** Removes each line that sets it: npm reads the last one, and without it the one before. */
function withoutSetting(text: string, name: string): string {
  return text
    .split("\n")
    .filter((line) => !Object.hasOwn(parse(line), name))
    .join("\n");
}
