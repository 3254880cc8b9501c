/** What a shell and `man` read: scripts that complete commands, and the manual pages. In archives, and where packages have a place. */
import { completionScript } from "../../src/cli/completion.ts";
import { manPages } from "../man-pages.ts";
import { type Entry, entry, gzip } from "./archive.ts";

export const COMPLETIONS = {
  bash: "completions/auth.bash",
  zsh: "completions/_auth",
  fish: "completions/auth.fish",
  powershell: "completions/auth.ps1",
} as const;

const MAN = /^man\/(.+\.1)$/;

/** By their places in an archive. */
export async function shellFiles(): Promise<Entry[]> {
  const scripts = Object.entries(COMPLETIONS).map(async ([shell, path]) =>
    entry(path, await completionScript(shell as keyof typeof COMPLETIONS)),
  );
  const pages = [...(await manPages())].map(([name, text]) => entry(`man/${name}`, text));
  return [...(await Promise.all(scripts)), ...pages];
}

/** Where Debian's packages of bash-completion, zsh, fish and man-db look. */
export function debianPlaces(files: readonly Entry[]): Entry[] {
  const places: Readonly<Record<string, string>> = {
    [COMPLETIONS.bash]: "usr/share/bash-completion/completions/auth",
    [COMPLETIONS.zsh]: "usr/share/zsh/vendor-completions/_auth",
    [COMPLETIONS.fish]: "usr/share/fish/vendor_completions.d/auth.fish",
  };
  return files.flatMap(({ path, bytes }) => {
    const place = places[path];
    const page = MAN.exec(path)?.[1];
    if (page !== undefined) return [entry(`usr/share/man/man1/${page}.gz`, gzip(bytes))];
    return place === undefined ? [] : [entry(place, bytes)];
  });
}

/** npm links them where `man` looks; for completions it has no place. */
export function manualPages(files: readonly Entry[]): Entry[] {
  return files.filter(({ path }) => MAN.test(path));
}
