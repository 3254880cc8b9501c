/** install.sh in the hands of a test: a server with a release, machines that are pretended, shells that strangers have. */
import { afterAll, beforeEach, expect } from "bun:test";
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fillScript } from "../../.ci/release/fill.ts";
import { type Ended, type RunOptions, run, tempFolder } from "./program.ts";
import { type Files, makeRelease, newSigner, startReleaseServer } from "./release.ts";

export const VERSION = "0.2.0";
export const PLATFORM = "linux-x64";
const TEMPLATE = readFileSync(join(import.meta.dir, "../../.ci/release/install.sh"), "utf8");

/** Stands in for the program, and is taken for it: its bytes name a variable of auth's. */
export function authOf(version: string): string {
  return `#!/bin/sh\n# AUTH_KEY_COMMAND\necho 'auth ${version}'\n`;
}

export const PROGRAM = Buffer.from(authOf(VERSION));

const signer = newSigner();
export const next = newSigner();

/** A release that `server` serves by default. */
export function small(changes: Partial<Parameters<typeof makeRelease>[0]> = {}): Files {
  return makeRelease({ version: VERSION, platform: PLATFORM, binary: PROGRAM, signer, ...changes });
}

/** For one test file: it is started now, and stopped after its tests; before each it serves `small()` again. */
export function releaseServer(): ReturnType<typeof startReleaseServer> {
  const server = startReleaseServer();
  afterAll(() => server.stop());
  beforeEach(() => {
    server.files = small();
    server.answer = () => undefined;
    server.asked.length = 0;
  });
  return server;
}

/** @returns the path of an install.sh as the release of `version` has it */
export function scriptAt(url: string, version = VERSION, minisignKey = ""): string {
  const path = join(tempFolder(), "install.sh");
  writeFileSync(path, fillScript(TEMPLATE, { url, version, keys: [signer.pem, next.pem], minisignKey }));
  return path;
}

export interface Installed extends Ended {
  /** What is in the folder afterwards. */
  readonly there: readonly string[];
  readonly folder: string;
}

export async function install(
  script: string,
  args: readonly string[] = [],
  options: RunOptions = {},
  shell: readonly string[] = ["dash"],
): Promise<Installed> {
  const folder = join(tempFolder(), "bin");
  const ended = await run([...shell, script, "--dir", folder, ...args], options);
  return { ...ended, folder, there: existsSync(folder) ? readdirSync(folder) : [] };
}

/** It fails in these words, and leaves no file behind, here or among temporary ones. @returns all that it said */
export async function refuses(
  script: string,
  words: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<string> {
  const TMPDIR = tempFolder();
  const { code, stderr, there } = await install(script, args, { ...options, env: { TMPDIR, ...options.env } });
  expect(stderr).toContain(words);
  expect({ code, there, left: readdirSync(TMPDIR) }).toEqual({ code: 1, there: [], left: [] });
  return stderr;
}

/** A folder to put before PATH, with programs that print what is given. */
export function pretending(programs: Readonly<Record<string, string>>): string {
  const folder = tempFolder();
  for (const [name, body] of Object.entries(programs))
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return `${folder}:${process.env.PATH}`;
}

/** A PATH with everything but these programs. */
export function without(...names: string[]): string {
  const folder = tempFolder();
  for (const from of (process.env.PATH ?? "").split(":").filter((path) => existsSync(path)))
    for (const name of readdirSync(from))
      if (!names.includes(name) && !existsSync(join(folder, name)))
        try {
          symlinkSync(join(from, name), join(folder, name));
        } catch {
          // A dangling link of that name: the first on the PATH counts.
        }
  return folder;
}
