/**
 * What a test needs of the machine beyond Bun and Node. Where it isn't there the test is skipped, by its name; in CI,
 * where everything is installed, it fails instead: a test left out hides what it would have found (RULES.md 6.5).
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const NEEDS = {
  linux: () => process.platform === "linux",
  /** A release's programs for it are run. */
  "linux-x64": () => process.platform === "linux" && process.arch === "x64",
  root: () => process.getuid?.() === 0,
  setpriv: () => succeeds("setpriv", "--version"),
  /** A mount namespace of one's own, so that nothing stays mounted whatever happens to the test. */
  mounts: () => succeeds("unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"),
  /** A network of one's own, with a link out of it. */
  networks: () =>
    succeeds("unshare", "--net", "ip", "link", "add", "name", "near", "type", "veth", "peer", "name", "far"),
  libfaketime: () => libfaketime() !== null,
  chroot: () => succeeds("chroot", "/", "true"),
  strip: () => succeeds("strip", "--version"),
  strace: () => succeeds("strace", "--version"),
  openssl: () => succeeds("openssl", "version"),
  curl: () => succeeds("curl", "--version"),
  unzip: () => succeeds("unzip", "-v"),
  ldd: () => succeeds("ldd", "/bin/sh"),
  zsh: () => succeeds("zsh", "--version"),
  fish: () => succeeds("fish", "--version"),
  dash: () => succeeds("dash", "-c", "true"),
  busybox: () => succeeds("busybox", "true"),
  minisign: () => succeeds("minisign", "-v"),
  bwrap: () => succeeds("bwrap", "--ro-bind", "/", "/", "true"),
  dpkg: () => succeeds("dpkg-deb", "--version"),
  runc: () => succeeds("runc", "--version"),
  npm: () => succeeds("npm", "--version"),
  msmtp: () => succeeds("msmtp", "--version"),
  mutt: () => succeeds("mutt", "-v"),
  rclone: () => succeeds("rclone", "version"),
  restic: () => succeeds("restic", "version"),
  tmux: () => succeeds("tmux", "-V"),
  vim: () => succeeds("vim", "--version"),
  less: () => succeeds("less", "--version"),
  htop: () => succeeds("htop", "--version"),
  script: () => succeeds("script", "--version"),
  python3: () => succeeds("python3", "--version"),
  bash: () => succeeds("bash", "--version"),
  java: () => succeeds("javac", "--version"),
  git: () => succeeds("git", "--version"),
  "systemd-analyze": () => succeeds("systemd-analyze", "--version"),
  aws: () => succeeds("/usr/bin/aws", "--version"),
  "ansible-vault": () => succeeds("ansible-vault", "--version"),
  /** 23.1 or newer, which has keyring providers; Debian 12 has 23.0. */
  pip: () => succeeds("/usr/bin/python3", "-m", "pip", "download", "--keyring-provider", "subprocess", "--help"),
  requests: () => succeeds("/usr/bin/python3", "-c", "import requests"),
  gh: () => succeeds("gh", "--version"),
  /** The client alone. */
  docker: () => succeeds("docker", "--version"),
  skopeo: () => succeeds("skopeo", "--version"),
  cargo: () => succeeds("cargo", "--version"),
  /** 1.22 or newer. Debian 12 has 1.20, which ends with a panic where it writes its settings. */
  kubectl: () => succeeds("kubectl", "config", "set-credentials", "--exec-interactive-mode=Never", "--help"),
  terraform: () => succeeds("terraform", "version"),
  go: () => goPrograms() !== null,
  "redis-server": () => succeeds("redis-server", "--version"),
  psql: () => succeeds("psql", "--version"),
  /** Debian has its programs for the server outside of PATH. */
  postgres: () => postgresPrograms() !== null,
  /** `chromium --version` takes half a second; that it is there is enough. */
  chromium: () => succeeds("sh", "-c", "command -v chromium"),
} as const;

export type Need = keyof typeof NEEDS;

/** For `test.skipIf`. @throws Error in CI when something is lacking */
export function lacking(...needs: readonly Need[]): boolean {
  const missing = needs.filter((need) => !NEEDS[need]());
  if (missing.length > 0 && process.env.CI) throw new Error(`This machine lacks what CI must have: ${missing.join()}`);
  return missing.length > 0;
}

/** For a test that proves the same by other means where it isn't there. */
export function isThere(need: Need): boolean {
  return NEEDS[need]();
}

/** Variables that tell a program another time. Its clock that can't be set is left as it is. @param seconds from now */
export function fakeTime(seconds: number): Readonly<Record<string, string>> {
  const sign = seconds < 0 ? "-" : "+";
  return {
    LD_PRELOAD: libfaketime() ?? "",
    FAKETIME: `${sign}${Math.abs(seconds)}s`,
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
  };
}

/** Debian has it in a folder of its own, by architecture. */
function libfaketime(): string | null {
  return [...new Bun.Glob("*/faketime/libfaketime.so.1").scanSync({ cwd: "/usr/lib", absolute: true })][0] ?? null;
}

/** The folder of `postgres` and `initdb`; null where there is none. */
export function postgresPrograms(): string | null {
  const folder = "/usr/lib/postgresql";
  const versions = existsSync(folder) ? readdirSync(folder).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => `${folder}/${version}/bin`).find((bin) => existsSync(`${bin}/initdb`)) ?? null;
}

/** The folder of a `go` that knows GOAUTH, 1.24 or newer: on PATH, or where Debian has it; null where there is none. */
export function goPrograms(): string | null {
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/lib/go-1.24/bin"];
  return folders.find((folder) => folder !== "" && succeeds(join(folder, "go"), "help", "goauth")) ?? null;
}

function succeeds(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}
