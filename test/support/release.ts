/** Releases of our own making, signed with keys of the test's, and programs that know where they come from. */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { createTar, type TarFileInput } from "nanotar";
import { ENTRIES, FLAGS } from "../../.ci/flags.mjs";
import { type Platform, programName, TARGETS } from "../../.ci/platforms.ts";
import { zip } from "../../.ci/release/archive.ts";
import { definedRelease } from "../../.ci/release/define.ts";
import { manifestOf, manifestText } from "../../.ci/release/manifest.ts";
import { runtimesFor } from "../../.ci/runtime.ts";
import type { Release } from "../../src/release/origin.ts";
import { run, tempFolder } from "./program.ts";

const ROOT = join(import.meta.dir, "..", "..");

export interface Signer {
  readonly key: KeyObject;
  /** As a program holds it. */
  readonly publicKey: string;
  readonly pem: string;
}

export function newSigner(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    key: privateKey,
    publicKey: publicKey.export({ format: "der", type: "spki" }).toString("base64"),
    pem: publicKey.export({ format: "pem", type: "spki" }).toString(),
  };
}

/** File name → bytes. */
export type Files = Map<string, Uint8Array>;

export interface MadeRelease {
  readonly version: string;
  readonly platform: string;
  readonly binary: Uint8Array;
  readonly signer: Signer;
  /** ISO 8601. */
  readonly published?: string;
  readonly expires?: string;
  /** Changes the manifest before it is signed. */
  readonly edit?: (manifest: Record<string, unknown>) => void;
  /** In the archive beside the program, or instead of it. */
  readonly entries?: readonly TarFileInput[];
  /** Makes the archive's first entry a symbolic link. */
  readonly link?: boolean;
}

const DAY = 86_400;

/** What `npm run release` writes, for one platform, by its own manifest. */
export function makeRelease(made: MadeRelease): Files {
  const { version, platform, binary, signer } = made;
  const folder = `auth-${version}-${platform}`;
  const windows = platform.startsWith("windows-");
  const file = windows ? "auth.exe" : "auth";
  const archive = windows
    ? zip([{ path: `${folder}/${file}`, bytes: binary, executable: true }], 1_790_000_000)
    : gzipSync(tarOf(made, `${folder}/${file}`), { level: 1 });
  const name = `${folder}.${windows ? "zip" : "tar.gz"}`;
  // Another platform's as well, so that the right one has to be looked for.
  const nothing = { size: 1, sha256: "0".repeat(64) };
  const other = { name: `auth-${version}-plan9-x64.tar.gz`, ...nothing, binary: { name: "auth", ...nothing } };
  const manifest = {
    ...manifestOf(version, "0".repeat(40), Math.floor(Date.now() / 1000) - DAY, [
      { platform: platform as Platform, name, ...sumsOf(archive), binary: { name: file, ...sumsOf(binary) } },
      { platform: "plan9-x64" as Platform, ...other },
    ]),
    ...(made.published !== undefined && { published: made.published }),
    ...(made.expires !== undefined && { expires: made.expires }),
  };
  made.edit?.(manifest as unknown as Record<string, unknown>);
  const bytes = Buffer.from(manifestText(manifest));
  return new Map<string, Uint8Array>([
    ["manifest.json", bytes],
    ["manifest.json.sig", sign("sha256", bytes, signer.key)],
    [name, archive],
  ]);
}

function tarOf({ entries, binary, link }: MadeRelease, path: string): Uint8Array {
  const tar = createTar([...(entries ?? [{ name: path, data: binary, attrs: { mode: "755" } }])]);
  if (link) makeLink(tar);
  return tar;
}

/** POSIX.1 ustar: the type is byte 156, the sum of the header, with itself as spaces, is at 148 in octal. */
function makeLink(tar: Uint8Array): void {
  tar.set(Buffer.from("        2/etc/passwd"), 148);
  const sum = tar.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  tar.set(Buffer.from(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
}

function sumsOf(bytes: Uint8Array): { size: number; sha256: string } {
  return { size: bytes.length, sha256: new Bun.CryptoHasher("sha256").update(bytes).digest("hex") };
}

/** The product with another version, as a release compiles it. @returns its path */
export async function compileVersion(version: string, release: Release): Promise<string> {
  const folder = tempFolder();
  for (const name of ["src", "providers"]) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  const description = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ ...description, version }));
  for (const name of ["tsconfig.json"]) cpSync(join(ROOT, name), join(folder, name));
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const platform = release.platform as Platform;
  const [runtime = ""] = runtimesFor([platform]);
  const target = [`--target=${TARGETS[platform]}`, `--compile-executable-path=${runtime}`, definedRelease(release)];
  const args = ["build", ...FLAGS, ...target, ...ENTRIES, "--outfile", join(folder, "auth")];
  const { code, stderr } = await run([process.execPath, ...args], { cwd: folder });
  if (code !== 0) throw new Error(`can't compile: ${stderr}`);
  return join(folder, programName(platform));
}

export interface ReleaseServer {
  readonly url: string;
  /** What is there now. Paths within the URL: `manifest.json`, `0.1.0/manifest.json`. */
  files: Files;
  /** The paths that were asked for. */
  readonly asked: string[];
  /** Answers instead of the files, where it returns something. */
  answer: (path: string) => Response | undefined;
  stop(): Promise<void>;
}

export function startReleaseServer(): ReleaseServer {
  const made = {
    files: new Map() as Files,
    asked: [] as string[],
    answer: (_: string): Response | undefined => undefined,
  };
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => {
      const path = new URL(request.url).pathname.replace("/releases/", "");
      made.asked.push(path);
      const bytes = made.files.get(path);
      return (
        made.answer(path) ??
        (bytes ? new Response(bytes as Uint8Array<ArrayBuffer>) : new Response(null, { status: 404 }))
      );
    },
  });
  return Object.assign(made, { url: `http://127.0.0.1:${server.port}/releases`, stop: () => server.stop(true) });
}
