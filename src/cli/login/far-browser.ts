/** A browser on another machine than this program: how its answer can come back here. */
import { existsSync } from "node:fs";
import type { Environment } from "../../platform/context.ts";
import { shellWord } from "../../platform/shell-word.ts";
import { isRemote } from "../../platform/terminal.ts";
import { isLoopback, namedPort } from "../../platform/url.ts";

type Place = "ssh" | "container" | "wsl";

/** How the browser's final URL can be given to this program, where the loopback can't be reached. */
export type Pasting = "terminal" | "stdin" | "none";

/**
 * @param secretVariable where the client's secret can be, if it came by standard input
 * @returns lines to show with the page's address; null where none are needed */
export function farBrowserHint(
  env: Environment,
  redirectUri: string,
  pasting: Pasting,
  secretVariable: string | null,
): string | null {
  const place = placeOf(env);
  if (place === null) return null;
  const forward = place === "ssh" ? sshLine(env, redirectUri) : null;
  const stdin = secretVariable === null ? "" : `, with the client's secret in ${secretVariable},`;
  const how = pasting === "none" ? PASTE.none.replace(" and", () => `${stdin} and`) : PASTE[pasting];
  const paste = `If the browser can't show its last page, ${how}`;
  return forward === null ? `${WHERE[place]} ${paste}` : `${forward}\n${paste}`;
}

/** An SSH command that forwards the port from the browser's machine. null without SSH, or where that isn't possible. */
export function sshLine(env: Environment, redirectUri: string): string | null {
  if (!env.SSH_CONNECTION) return null;
  const port = namedPort(redirectUri);
  if (port === null || !isLoopback(new URL(redirectUri).hostname)) return null;
  const host = env.SSH_CONNECTION.split(" ")[2] ?? "this-host";
  return `${WHERE.ssh} Forward the port first:\n  ssh -L ${port}:127.0.0.1:${port} ${shellWord(host)}`;
}

const WHERE: Readonly<Record<Place, string>> = {
  ssh: "The browser is on another machine?",
  container: "The browser is outside of this container?",
  wsl: "The browser is on Windows?",
};

const PASTE: Readonly<Record<Pasting, string>> = {
  terminal: "copy that page's address and paste it here.",
  stdin: "give that page's address on standard input.",
  none: "start again with --callback - and give that page's address on standard input.",
};

function placeOf(env: Environment): Place | null {
  if (isRemote(env)) return "ssh";
  if (env.WSL_DISTRO_NAME || env.WSL_INTEROP) return "wsl";
  // `container` is set by podman, systemd-nspawn and others; Docker and podman leave a file.
  const named = env.container || env.KUBERNETES_SERVICE_HOST || env.REMOTE_CONTAINERS || env.CODESPACES;
  return named || ["/.dockerenv", "/run/.containerenv"].some((file) => existsSync(file)) ? "container" : null;
}
