/** Opening a person's browser: never a shell, never a text browser, only URLs that can be nothing else. */
import type { Environment } from "./context.ts";
import { helperEnvironment } from "./helper-environment.ts";
import { isRemote } from "./terminal.ts";

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
 * @returns whether something was started; the caller shows the URL in any case
 */
export function openBrowser(url: string, env: Environment, platform: NodeJS.Platform = process.platform): boolean {
  const command = opener(env, platform);
  const target = canonical(url);
  if (command === null || target === null) return false;
  try {
    const child = Bun.spawn([...command, target], {
      env: helperEnvironment(env),
      stdio: ["ignore", "ignore", "ignore"],
      detached: true,
    });
    child.unref();
    return true;
  } catch {
    return false; // Found a moment ago, gone now: the caller shows the URL.
  }
}

/** The command that opens a URL given as its last argument; null where no browser can open. */
function opener(env: Environment, platform: NodeJS.Platform): string[] | null {
  if (isRemote(env)) return null;
  if (platform === "darwin") return ["/usr/bin/open"];
  if (platform === "win32") return ["rundll32", "url.dll,FileProtocolHandler"];
  if (!env.DISPLAY && !env.WAYLAND_DISPLAY) return null;
  const which = (name: string): string | null => Bun.which(name, { PATH: env.PATH ?? "" });
  for (const name of (env.BROWSER ?? "").split(":")) {
    // A command line with arguments would need a shell, or a guess at quoting.
    if (name === "" || /\s|%/.test(name) || TEXT_BROWSERS.test(baseName(name))) continue;
    const found = which(name);
    if (found !== null) return [found];
  }
  const found = which("xdg-open");
  return found === null ? null : [found];
}

/** As the URL parser writes it, so that no character means something to whoever gets it; null for other schemes. */
function canonical(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const parsed = new URL(url);
  const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(parsed.hostname);
  if (parsed.protocol !== "https:" && !(parsed.protocol === "http:" && loopback)) return null;
  if (parsed.username !== "" || parsed.password !== "") return null;
  return parsed.href;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
