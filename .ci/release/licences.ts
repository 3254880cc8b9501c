/** The text of THIRD-PARTY-LICENSES: whose work is in the program, and on what terms. */
import { BUN, BUN_COMPONENTS } from "./bun-components.ts";
import type { Bundled } from "./bundled.ts";

const RULE = "-".repeat(80);

/** @param ours the text of our own licence, which is the same as Bun's: MIT */
export function thirdPartyLicences(packages: readonly Bundled[], ours: string): string {
  const terms = ours.slice(ours.indexOf("Permission is hereby granted"));
  return [
    "auth is made of its own code (LICENSE), of the packages below, and of the Bun runtime.",
    ...packages.map(({ name, version, license, text }) => `${RULE}\n${name} ${version} (${license})\n\n${text}`),
    `${RULE}\nBun ${Bun.version} (${BUN.license}), ${BUN.url}\n\nCopyright (c) Oven and the contributors to Bun\n\n${terms.trim()}`,
    [
      RULE,
      "Bun links these libraries. The text of each licence is at its address.",
      "",
      ...BUN_COMPONENTS.map(({ name, license, url }) => `${name}: ${license}\n    ${url}`),
      "",
      "JavaScriptCore and tinycc are licensed under the GNU LGPL. Their source is at the addresses above. To use changed",
      "ones, build Bun with them as https://github.com/oven-sh/bun describes (LICENSE.md, CONTRIBUTING.md), then build",
      "auth from its source with that Bun in place of node_modules/bun/bin/bun.exe. In the copy of Bun that is compiled",
      "in, the names of some environment variables are blanked; .ci/runtime.ts of the source does it.",
    ].join("\n"),
    "",
  ].join("\n\n");
}
