/**
 * Runs commands and keeps everything that anyone could see of them: what they printed, every file they left, their
 * command lines and those of the programs they started, with those programs' environments.
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { leaksIn, type Secrets } from "./leaks.ts";
import { AUTH, type Ended, type RunOptions, tempFolder } from "./program.ts";
import { filesUnder } from "./stock.ts";

export interface Sighting {
  /** `auth token x: stdout`, `…: vault.db-journal`, `…: command line` */
  readonly where: string;
  readonly bytes: Uint8Array;
  /** Secrets that belong there. */
  readonly allowed: readonly string[];
}

export interface Watch {
  readonly sightings: Sighting[];
  /** A folder of programs to be put on the PATH, which tell on themselves before they do anything. */
  readonly bin: string;
  /** Adds a program. @param then what it does after that, as a shell script */
  program(name: string, then: string): string;
  /** @param allowed secrets that the command is asked to print, or to hand over */
  run(args: readonly string[], options: RunOptions & { readonly allowed?: readonly string[] }): Promise<Ended>;
  /** Where a secret was seen that doesn't belong there: `auth list: stderr holds the API key (base64)`. */
  leaks(secrets: Secrets): string[];
}

/** @param home whose files are looked at after every command */
export function watch(home: string): Watch {
  const sightings: Sighting[] = [];
  const bin = tempFolder();
  const sink = tempFolder();

  function see(where: string, bytes: Uint8Array | string, allowed: readonly string[] = []): void {
    sightings.push({ where, bytes: typeof bytes === "string" ? Buffer.from(bytes) : bytes, allowed });
  }

  function program(name: string, then: string): string {
    const path = join(bin, name);
    const tell = `cat /proc/$$/cmdline /proc/$$/environ > "${sink}/${name}.$$"`;
    writeFileSync(path, `#!/bin/sh\n${tell}\n${then}\n`);
    chmodSync(path, 0o700);
    return path;
  }

  async function runWatched(
    args: readonly string[],
    { env, stdin = "", cwd, allowed = [] }: RunOptions & { readonly allowed?: readonly string[] },
  ): Promise<Ended> {
    const named = `auth ${args.join(" ")}`.slice(0, 100);
    const child = Bun.spawn([AUTH, ...args], {
      env: { ...env } as Record<string, string>,
      ...(cwd !== undefined && { cwd }),
      stdin: new Blob([stdin]),
      stdout: "pipe",
      stderr: "pipe",
    });
    const ended = Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    const lines = new Set<string>();
    const sampling = setInterval(() => lines.add(commandLine(child.pid)), 5);
    lines.add(commandLine(child.pid));
    const [stdout, stderr] = await ended;
    clearInterval(sampling);
    see(`${named}: stdout`, stdout, allowed);
    see(`${named}: stderr`, stderr);
    see(`${named}: command line`, Buffer.from([...lines].join("\n"), "latin1"));
    for (const path of filesUnder(home)) see(`${named}: ${path}`, readFileSync(join(home, path)));
    for (const file of readdirSync(sink)) {
      const path = join(sink, file);
      see(`${named}: the program ${file.replace(/\.\d+$/, "")}`, readFileSync(path), allowed);
      writeFileSync(path, "");
    }
    return { code: child.exitCode, signal: child.signalCode, stdout, stderr };
  }

  mkdirSync(home, { recursive: true, mode: 0o700 });
  return {
    sightings,
    bin,
    program,
    run: runWatched,
    leaks: (secrets) =>
      sightings.flatMap(({ where, bytes, allowed }) => {
        const forbidden = new Map([...secrets].filter(([name]) => !allowed.includes(name)));
        return leaksIn(bytes, forbidden).map((leak) => `${where} holds the ${leak}`);
      }),
  };
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return ""; // It has ended.
  }
}
