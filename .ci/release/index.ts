/**
 * `npm run release [-- platform…]`: every file of a release, in dist/release. CONTRIBUTING.md, "Make a release", says what
 * the environment names. With `--check` it is made a second time, in another folder, and compared.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { version } from "../../package.json";
import { faultsOf } from "../binary-faults.ts";
import { compile } from "../compile.ts";
import { isPlatform, PLATFORMS, programName } from "../platforms.ts";
import { output, root } from "../ready.mjs";
import type { Entry } from "./archive.ts";
import { assemble } from "./assemble.ts";
import { bundledPackages } from "./bundled.ts";
import { definedRelease } from "./define.ts";
import { EXTRAS } from "./extras.ts";
import { fillScript } from "./fill.ts";
import { derOf, releaseKeys } from "./keys.ts";
import { thirdPartyLicences } from "./licences.ts";
import { isoTime } from "./manifest.ts";
import { differences } from "./reproduce.ts";
import { billOfMaterials } from "./sbom.ts";

const NOWHERE = "https://auth.invalid/releases";

const named = process.argv.slice(2).filter(isPlatform);
const platforms = named.length > 0 ? named : PLATFORMS;
const folder = join(root, "dist", "release");
const binaries = join(root, "dist", "release-binaries");
const url = (process.env.AUTH_RELEASE_URL ?? NOWHERE).replace(/\/$/, "");
const seconds = Number(process.env.SOURCE_DATE_EPOCH ?? output("git", "log", "-1", "--format=%ct"));
if (!Number.isSafeInteger(seconds)) throw new Error("SOURCE_DATE_EPOCH is no number of seconds");
const keys = releaseKeys(process.env, join(root, "dist", "release-keys"));

await compile(
  platforms.map((platform) => ({
    platform,
    outfile: join(binaries, platform, "auth"),
    // What `auth upgrade` goes by.
    flags: [definedRelease({ url, keys: keys.publicKeys.map(derOf), platform })],
  })),
);
for (const platform of platforms) {
  const wrong = faultsOf(platform, readFileSync(join(binaries, platform, programName(platform))));
  if (wrong.length > 0) throw new Error(`The binary for ${platform} can't be released: ${wrong.join("; ")}`);
}

const packages = bundledPackages();
await assemble({
  version,
  platforms,
  binaries,
  beside: [
    text("README.md"),
    text("LICENSE"),
    {
      ...text("LICENSE"),
      path: "THIRD-PARTY-LICENSES",
      bytes: Buffer.from(thirdPartyLicences(packages, read("LICENSE"))),
    },
  ],
  documents: {
    "sbom.cdx.json": billOfMaterials(version, isoTime(seconds), packages),
    ...Object.fromEntries(["verify.sh", "install.sh", "install.ps1"].map((name) => [name, script(name)])),
  },
  extras: EXTRAS,
  keys,
  url,
  seconds,
  folder,
});
console.log(`auth ${version} of ${isoTime(seconds)} is in dist/release. Check it: sh dist/release/verify.sh`);

if (keys.throwAway) {
  console.warn("\nNOT TO BE PUBLISHED: signed with throw-away keys (dist/release-keys). Set AUTH_RELEASE_KEY and");
  console.warn("AUTH_RELEASE_MINISIGN_KEY to sign with yours.");
}
if (url === NOWHERE) console.warn(`AUTH_RELEASE_URL is not set: the release says that it comes from ${NOWHERE}.`);

if (process.argv.includes("--check")) {
  const different = differences(folder, process.argv.slice(2).filter(isPlatform), seconds);
  if (different.length > 0) throw new Error(`Made again elsewhere, these differ: ${different.join(", ")}`);
  console.log("Made again in another folder: every file is the same, bit for bit, but for the signatures.");
}

/** With the keys and the address that it trusts written into it. */
function script(name: string): string {
  const template = read(join(".ci", "release", name));
  return fillScript(template, { url, version, keys: keys.publicKeys, minisignKey: keys.minisign.publicKey });
}

function text(path: string): Entry {
  return { path, bytes: Buffer.from(read(path)), executable: false };
}

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}
