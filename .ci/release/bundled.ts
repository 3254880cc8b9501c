/** Which packages are really in the program: those of which the bundler kept a byte. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ENTRIES } from "../flags.mjs";
import { output, root } from "../ready.mjs";

export interface Bundled {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression. */
  readonly license: string;
  /** The text of its licence, as its package has it. */
  readonly text: string;
  /** SHA-512 of its package, in hex, as the lock file pins it. */
  readonly sha512: string;
}

interface Metafile {
  readonly outputs: Readonly<Record<string, { inputs: Readonly<Record<string, { bytesInOutput: number }>> }>>;
}

/** Sorted by name. @throws Error when one has no licence text */
export function bundledPackages(): Bundled[] {
  const folder = mkdtempSync(join(tmpdir(), "auth-bundle-"));
  try {
    const metafile = join(folder, "meta.json");
    const flags = ["--target=bun", "--format=esm", "--minify", "--splitting", `--metafile=${metafile}`];
    output(process.execPath, "build", ...flags, "--outdir", join(folder, "out"), ...ENTRIES);
    const { outputs } = JSON.parse(readFileSync(metafile, "utf8")) as Metafile;
    const paths = Object.values(outputs).flatMap(({ inputs }) =>
      Object.keys(inputs).filter((path) => (inputs[path]?.bytesInOutput ?? 0) > 0),
    );
    const places = new Set(paths.map((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]));
    return [...places]
      .filter((place) => place !== undefined)
      .map(describe)
      .sort((one, other) => (one.name < other.name ? -1 : 1));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function describe(place: string): Bundled {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages[place];
  const { name, version, license } = JSON.parse(readFileSync(join(root, place, "package.json"), "utf8"));
  const file = readdirSync(join(root, place)).find((entry) => /^licen[cs]e(\.|$)/i.test(entry));
  if (file === undefined || typeof license !== "string") throw new Error(`${name} ${version} says no licence`);
  const text = readFileSync(join(root, place, file), "utf8")
    .replaceAll("\r\n", "\n")
    .trim();
  return { name, version, license, text, sha512: Buffer.from(lock.integrity.slice(7), "base64").toString("hex") };
}
