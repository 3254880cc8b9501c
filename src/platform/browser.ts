/** Opening a person's browser: never a shell, never a text browser, only URLs that can be nothing else. */
import type { Environment } from "./context.ts";
import { helperEnvironment } from "./helper-programs.ts";
import { isRemote } from "./terminal.ts";
import { pageFault } from "./url.ts";
import { systemProgram } from "./windows/programs.ts";

/** They take over the terminal, and the login's redirect can't come back through them. */
const TEXT_BROWSERS = /^(lynx|links2?|elinks|w3m|www-browser|browsh|carbonyl)$/;

/** Whether a graphical browser can be expected to open here. */
export function canOpenBrowser(env: Environment, platform: NodeJS.Platform = process.platform): boolean {
  return opener(env, platform) !== null;
}

/**
 * Starts the browser and doesn't wait for it.
 *
 * @param url https, or http to a loopback address
 * @param failed is called when the program that opens it ends with an error, with that program's name
 * @returns whether something was started; the caller shows the URL in any case
 */
export function openBrowser(
  url: string,
  env: Environment,
  platform: NodeJS.Platform = process.platform,
  failed: (program: string) => void = () => {},
): boolean {
  const command = opener(env, platform);
  const target = canonical(url);
  if (command === null || target === null) return false;
  try {
    const child = Bun.spawn(withUrl(command, target), {
      env: helperEnvironment(env),
      stdio: ["ignore", "ignore", "ignore"],
      detached: true,
    });
    child.unref();
    void child.exited.then((code) => {
      if (code !== 0) failed(baseName(command[0] ?? ""));
    });
    return true;
  } catch {
    return false; // Found a moment ago, gone now: the caller shows the URL.
  }
}

/** The command that opens a URL; null where no browser can open. */
function opener(env: Environment, platform: NodeJS.Platform): readonly string[] | null {
  const chosen = chosenBrowser(env, platform);
  if (chosen !== null) return chosen;
  if (isRemote(env)) return null;
  if (platform === "darwin") return ["/usr/bin/open"];
  if (platform === "win32") return [systemProgram(env, "rundll32.exe"), "url.dll,FileProtocolHandler"];
  if (!env.DISPLAY && !env.WAYLAND_DISPLAY) return null;
  const found = programAt("xdg-open", env);
  return found === null ? null : [found];
}

/**
 * `BROWSER`, as xdg-open and gh read it: commands separated by colons, the first that exists, with arguments, and `%s`
 * for the URL. It counts without a display and over SSH too: VS Code, Codespaces and WSL set it there to a program that
 * opens the browser on the person's own screen.
 */
function chosenBrowser(env: Environment, platform: NodeJS.Platform): readonly string[] | null {
  const commands = platform === "win32" ? [env.BROWSER ?? ""] : (env.BROWSER ?? "").split(":");
  for (const command of commands) {
    const [name = "", ...args] = splitCommand(command);
    if (name === "" || TEXT_BROWSERS.test(baseName(name))) continue;
    const found = programAt(name, env);
    if (found !== null) return [found, ...args];
  }
  return null;
}

function programAt(name: string, env: Environment): string | null {
  return Bun.which(name, { PATH: env.PATH ?? "" });
}

/** Split at spaces, except within quotes. No shell reads it. */
function splitCommand(command: string): string[] {
  const found = command.match(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g) ?? [];
  return found.map((word) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_, double, single) => double ?? single));
}

function withUrl(command: readonly string[], url: string): string[] {
  const filled = command.map((word) => word.replaceAll("%s", () => url));
  return command.some((word) => word.includes("%s")) ? filled : [...filled, url];
}

/** As the URL parser writes it, so that no character means anything to the program that gets it; null for other schemes. */
function canonical(url: string): string | null {
  const href = URL.parse(url)?.href ?? null;
  return href === null || pageFault(href) !== null ? null : href;
}

function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}
