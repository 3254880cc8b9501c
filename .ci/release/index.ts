/**
 * `npm run release [-- platform…]`: every file of a release, in dist/release. CONTRIBUTING.md, "Make a release", says what
 * the environment names. With `--check` it is made a second time, in another folder, and compared.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { version } from "../../package.json";
import { faultsOf } from "../binary-faults.ts";
import { compile } from "../compile.ts";
import { PLATFORMS, programName } from "../platforms.ts";
import { output, root } from "../ready.mjs";
import { entry } from "./archive.ts";
import { commandLine, publishedAt } from "./asked.ts";
import { assemble } from "./assemble.ts";
import { bundledPackages } from "./bundled.ts";
import { definedRelease } from "./define.ts";
import { fillScript } from "./fill.ts";
import { derOf, releaseKeys } from "./keys.ts";
import { thirdPartyLicences } from "./licences.ts";
import { isoTime } from "./manifest.ts";
import { differences } from "./reproduce.ts";
import { billOfMaterials } from "./sbom.ts";
import { shellFiles } from "./shell-files.ts";

const { named, check } = commandLine(process.argv.slice(2));
const platforms = named.length > 0 ? named : PLATFORMS;
const folder = join(root, "dist", "release");
const binaries = join(root, "dist", "release-binaries");
const seconds = Number(process.env.SOURCE_DATE_EPOCH ?? output("git", "log", "-1", "--format=%ct"));
if (!Number.isSafeInteger(seconds)) throw new Error("SOURCE_DATE_EPOCH is no number of seconds");
const keys = releaseKeys(process.env, join(root, "dist", "release-keys"));
const url = publishedAt(process.env, keys.throwAway);
const changed = output("git", "status", "--porcelain").trim();
if (changed !== "" && (check || !keys.throwAway))
  throw new Error(`A release is made of a commit, and these files differ from it:\n${changed}`);

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
assemble({
  version,
  commit: `${output("git", "rev-parse", "HEAD").trim()}${changed === "" ? "" : "+changes"}`,
  platforms,
  binaries,
  pages: [
    entry("README.md", read("README.md")),
    entry("LICENSE", read("LICENSE")),
    entry("THIRD-PARTY-LICENSES", thirdPartyLicences(packages, read("LICENSE"))),
  ],
  shellFiles: await shellFiles(),
  documents: {
    "sbom.cdx.json": billOfMaterials(version, isoTime(seconds), packages),
    // What a bare openssl or minisign checks a file by.
    "auth-release.pem": keys.publicKeys[0],
    "auth-minisign.pub": `untrusted comment: minisign public key of auth\n${keys.minisign.publicKey}\n`,
    ...Object.fromEntries(["verify.sh", "install.sh", "install.ps1"].map((name) => [name, script(name)])),
  },
  keys,
  url,
  seconds,
  folder,
});
console.log(`auth ${version} of ${isoTime(seconds)} is in dist/release. Check it: sh dist/release/verify.sh`);

if (keys.throwAway) {
  console.warn("\nNOT TO BE PUBLISHED: signed with throw-away keys (dist/release-keys). CONTRIBUTING.md says how to");
  console.warn(`sign with yours. The release says that it comes from ${url}.`);
}

if (check) {
  const different = differences(folder, named, seconds);
  if (different.length > 0) throw new Error(`Made again elsewhere, these differ: ${different.join(", ")}`);
  console.log("Made again in another folder: every file is the same, bit for bit, but for the signatures.");
}

/** With the keys and the address that it trusts written into it. */
function script(name: string): string {
  const template = read(join(".ci", "release", name));
  return fillScript(template, { url, version, keys: keys.publicKeys, minisignKey: keys.minisign.publicKey });
}

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}
