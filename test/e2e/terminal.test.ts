/** What a person at a terminal sees and is asked, on a terminal of its own (CLI.md §1, §4). */

import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startGithub } from "../issuers/github.ts";
import { visit } from "../support/browser-login.ts";
import { browserHome, paste, succeeded } from "../support/home.ts";
import { type LoggedIn, loggedIn } from "../support/logged-in.ts";
import {
  AUTH,
  auth,
  bareEnvironment,
  type OnTerminal,
  onTerminal,
  type TerminalOptions,
  tempFolder,
} from "../support/program.ts";

const stops: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(stops.map((stop) => stop())));

const open: OnTerminal[] = [];
afterEach(async () => {
  for (const terminal of open.splice(0)) {
    terminal.kill("SIGKILL");
    await terminal.ended;
  }
});

function on(args: readonly string[], options: TerminalOptions): OnTerminal {
  const terminal = onTerminal([AUTH, ...args], options);
  open.push(terminal);
  return terminal;
}

/** Runs in a shell that then says how it ended and how the terminal was left. */
function inShell(script: string, env: Record<string, string>): OnTerminal {
  const terminal = onTerminal(["sh", "-c", `trap : INT; ${script}; echo "code $?"; stty -a; echo over`], {
    env: { ...env, AUTH },
  });
  open.push(terminal);
  return terminal;
}

async function loggedOut(options: Parameters<typeof loggedIn>[0] = {}): Promise<LoggedIn> {
  const made = await loggedIn(options, null);
  stops.push(made.stop);
  return made;
}

const ESCAPE = "\u001b";
// biome-ignore lint/suspicious/noControlCharactersInRegex: what is looked for
const COLOUR = /\u001b\[(3\d|9\d|38;5;\d+|1)m/;

/** Codes of `stty -a` that a program which left in raw mode would have off. */
function expectRestored(screen: string): void {
  for (const mode of ["icanon", "echo", "isig", "opost"]) expect(screen).toMatch(new RegExp(`[^-]\\b${mode}\\b`));
  const hidden = screen.lastIndexOf(`${ESCAPE}[?25l`);
  if (hidden >= 0) expect(screen.lastIndexOf(`${ESCAPE}[?25h`)).toBeGreaterThan(hidden);
}

describe("a device login", () => {
  test("shows the code in a box and to be copied, the URL, and the time left; then who logged in", async () => {
    const at = await loggedOut({ approve: false });
    const terminal = on(["login", "sentry", ...at.places], { env: at.env });
    await terminal.waitFor("Waiting for your approval");
    const code = /[A-Z]{4}-[A-Z]{4}/.exec(terminal.screen())?.[0] ?? "";
    expect(code).not.toBe("");
    expect(terminal.screen()).toContain([...code].join(" "));
    expect(terminal.screen()).toContain(`${at.issuer.server.url}/oauth/device/`);
    const { host } = new URL(at.issuer.server.url);
    expect(terminal.screen()).toContain(`It lets the app ${at.issuer.publicClient.id} use your account at ${host}.`);
    expect(terminal.screen()).toContain("Only go on if you started this login.");
    expect(terminal.screen()).toMatch(/\d+:\d\d left/);
    at.issuer.devices.decide("approve", code);
    await terminal.waitFor("Logged in to sentry:default as grace@example.com");
    expect((await terminal.ended).code).toBe(0);
  });

  test("has colours on a terminal; none with NO_COLOR, --no-color, TERM=dumb, or into a pipe", async () => {
    const at = await loggedOut();
    const drawn = async (flags: readonly string[], env: Record<string, string> = {}): Promise<string> => {
      const terminal = on(["login", "sentry", "--force", ...flags, ...at.places], { env: { ...at.env, ...env } });
      expect((await terminal.ended).code).toBe(0);
      return terminal.screen();
    };
    const [coloured, noColour, flag, dumb, piped] = await Promise.all([
      drawn(["-p", "a"]),
      drawn(["-p", "b"], { NO_COLOR: "1" }),
      drawn(["-p", "c", "--no-color"]),
      drawn(["-p", "d"], { TERM: "dumb" }),
      at.call(["login", "sentry", "-p", "e", ...at.places]),
    ]);
    expect(coloured).toMatch(COLOUR);
    expect(noColour).not.toMatch(COLOUR);
    expect(flag).not.toMatch(COLOUR);
    expect(dumb).not.toContain(ESCAPE);
    expect(piped.stderr).not.toContain(ESCAPE);
    expect(piped.stderr).toMatch(/enter the code [A-Z]{4}-[A-Z]{4}/);
  });

  test("is not the way where a browser can be opened here and the provider has that flow", async () => {
    const at = await loggedOut();
    const browser = join(tempFolder(), "browser");
    writeFileSync(browser, "#!/bin/sh\n", { mode: 0o755 });
    const env = { ...at.env, DISPLAY: ":9", BROWSER: browser };
    const terminal = on(["login", "sentry", ...at.places], { env });
    await terminal.waitFor("Waiting for the browser");
    terminal.kill("SIGTERM");
    const without = on(["login", "sentry", "--no-browser", ...at.places], { env });
    await without.waitFor("Waiting for your approval");
  });

  test("--qr shows a QR code", async () => {
    const at = await loggedOut({ approve: false });
    const terminal = on(["login", "sentry", "--qr", ...at.places], { env: at.env });
    await terminal.waitFor("Waiting");
    expect(terminal.screen()).toContain("█▀▀▀▀▀█");
  });

  test("Ctrl-C: 130, and the terminal is left as it was", async () => {
    const at = await loggedOut({ approve: false });
    const terminal = inShell(`"$AUTH" login sentry ${at.places.join(" ")}`, at.env);
    await terminal.waitFor("Waiting");
    terminal.type("\x03");
    await terminal.waitFor("over");
    expectRestored(terminal.screen());
    // The line of the spinner is gone: what is written next begins at its start.
    expect(terminal.screen()).toContain(`\r${ESCAPE}[K${ESCAPE}[31mError:`);
    expect(terminal.screen()).toContain("No login was stored.\r\ncode 130");
    expect((await at.call(["list", "--json"])).stdout).toBe("[]\n");
  });
});

describe("a browser login", () => {
  test("shows the URL, and takes the final URL pasted", async () => {
    const at = await loggedOut();
    const terminal = on(["login", "sentry", "--flow", "browser", ...at.places], { env: at.env, columns: 1000 });
    await terminal.waitFor("Waiting for the browser");
    const url = /https?:\/\/\S+\/oauth\/authorize\/\S+/.exec(terminal.screen())?.[0] ?? "";
    const reply = await fetch(url, { redirect: "manual" });
    terminal.type(`${reply.headers.get("location")}\r`);
    await terminal.waitFor("Logged in to sentry:default");
    expect((await terminal.ended).code).toBe(0);
  });

  test("a wrong line says what was wrong, and the wait goes on", async () => {
    const at = await loggedOut();
    const terminal = on(["login", "sentry", "--flow", "browser", ...at.places], { env: at.env, columns: 1000 });
    await terminal.waitFor("Waiting for the browser");
    const url = /https?:\/\/\S+\/oauth\/authorize\/\S+/.exec(terminal.screen())?.[0] ?? "";
    const answer = new URL((await fetch(url, { redirect: "manual" })).headers.get("location") ?? "");
    const { code = "", state = "" } = Object.fromEntries(answer.searchParams);
    for (const [line, why] of [
      ["y", "not the final address"],
      [code, "without its state"],
      [`${code} ${"x".repeat(43)}`, "another login"],
    ] as const) {
      const from = terminal.screen().length;
      terminal.type(`${line}\r`);
      await terminal.waitFor(why, from);
      await terminal.waitFor("Waiting for the browser", from);
    }
    terminal.type(`${code} ${state}\r`);
    await terminal.waitFor("Logged in to sentry:default");
    expect((await terminal.ended).code).toBe(0);
  });

  for (const [where, more, text] of [
    ["over SSH", { SSH_CONNECTION: "10.0.0.1 5000 10.0.0.2 22" }, "The browser is on another machine?"],
    ["over SSH without an address", { SSH_TTY: "/dev/pts/1" }, "The browser is on another machine?"],
    ["in a container", { container: "podman" }, "The browser is outside of this container?"],
    ["in WSL", { WSL_DISTRO_NAME: "Debian" }, "The browser is on Windows?"],
  ] as const)
    test(`${where}, it says how the answer comes back: pasted here, without a flag`, async () => {
      const at = await loggedOut();
      const env = { ...at.env, ...more };
      const terminal = on(["login", "sentry", "--flow", "browser", ...at.places], { env, columns: 200 });
      await terminal.waitFor("Waiting for the browser");
      expect(terminal.screen()).toContain(text);
      expect(terminal.screen()).toContain("copy that page's address and paste it here.");
      expect(terminal.screen()).not.toContain("--callback");
    });

  test("over SSH prints the ssh -L line, and opens nothing", async () => {
    const at = await loggedOut();
    const env = { ...at.env, SSH_CONNECTION: "10.0.0.1 5000 10.0.0.2 22" };
    const terminal = on(["login", "sentry", "--flow", "browser", ...at.places], { env });
    await terminal.waitFor("Waiting for the browser");
    expect(terminal.screen()).toMatch(/ssh -L (\d+):127\.0\.0\.1:\1 10\.0\.0\.2/);
  });
});

describe("--token - on a terminal", () => {
  test("is a hidden prompt", async () => {
    const env = bareEnvironment();
    const terminal = on(["login", "sentry", "--token", "-", "--no-verify"], { env });
    await terminal.waitFor("Token: ");
    terminal.type("the-hidden-token\r");
    expect((await terminal.ended).code).toBe(0);
    expect(terminal.screen()).not.toContain("hidden");
    expect(terminal.screen()).not.toContain("****");
    expect((await auth(["token", "sentry"], { env })).stdout).toBe("the-hidden-token\n");
  });

  test("Ctrl-C there: 130, nothing stored, the terminal is left as it was", async () => {
    const env = bareEnvironment();
    const terminal = inShell('"$AUTH" login sentry --token - --no-verify', env);
    await terminal.waitFor(": ");
    terminal.type("half-a-tok\x03");
    await terminal.waitFor("over");
    expect(terminal.screen()).toContain("code 130");
    expectRestored(terminal.screen());
    expect((await auth(["list", "--json"], { env })).stdout).toBe("[]\n");
  });

  test("a provider that has nothing but keys asks for one by itself", async () => {
    const env = bareEnvironment();
    const terminal = on(["login", "apikey:x"], { env });
    await terminal.waitFor("[X_API_KEY]: ");
    terminal.type("\r");
    await terminal.waitFor("key: ");
    terminal.type("key-1\r");
    expect((await terminal.ended).code).toBe(0);
    expect((await auth(["token", "apikey:x"], { env })).stdout).toBe("key-1\n");
  });
});

describe("auth login alone", () => {
  test("is a menu of the providers", async () => {
    const env = bareEnvironment();
    const terminal = on(["login"], { env });
    for (const title of ["GitHub", "Google", "Sentry", "OpenID Connect", "API key"]) await terminal.waitFor(title);
    expect(terminal.screen()).not.toContain("undefined");
  });

  test("any service's key: asks for the service, the variable and the key", async () => {
    const env = bareEnvironment();
    const terminal = on(["login"], { env });
    await terminal.waitFor("type to search");
    terminal.type("any other service\r");
    await terminal.waitFor("The service, such as openai: ");
    terminal.type("no such name!\r");
    await terminal.waitFor("'no such name!' is not a connection name.");
    terminal.type("open-ai\r");
    await terminal.waitFor("[OPEN_AI_API_KEY]: ");
    terminal.type("\r");
    await terminal.waitFor("API key: ");
    terminal.type("sk-1\r");
    expect((await terminal.ended).code).toBe(0);
    const run = await auth(["run", "--", "printenv", "OPEN_AI_API_KEY"], { env });
    expect(run.stdout).toBe("sk-1\n");
  });

  test("an issuer: asks for its URL, again if it is invalid", async () => {
    const terminal = on(["login", "--no-browser"], { env: bareEnvironment() });
    await terminal.waitFor("type to search");
    terminal.type("issuer, by its URL\r");
    await terminal.waitFor("The issuer's URL (https://…): ");
    terminal.type("ftp://x\r");
    await terminal.waitFor("The issuer ");
    terminal.type("http://127.0.0.1:9/realm\r");
    await terminal.waitFor("could not be reached");
    const again = terminal.screen().length;
    await terminal.waitFor("The issuer's URL (https://…): ", again - 40);
    terminal.type("\x03");
    expect((await terminal.ended).code).toBe(130);
    expect(terminal.screen()).not.toContain("Try again.");
  });

  test("a provider of the catalogue, by its name, and what it needs", async () => {
    const terminal = on(["login"], { env: bareEnvironment() });
    await terminal.waitFor("type to search");
    terminal.type("zend\r");
    await terminal.waitFor("<subdomain>.zendesk.com");
    terminal.type("acme\r");
    await terminal.waitFor("https://acme.zendesk.com/");
    terminal.kill("SIGTERM");
  });

  test("a login without a person: asks for the key's id, and for its file", async () => {
    const env = bareEnvironment();
    await Bun.write(`${env.HOME}/AuthKey_K1.p8`, "no key");
    const terminal = on(["login"], { env });
    await terminal.waitFor("type to search");
    terminal.type("app store\r");
    await terminal.waitFor("The key's id");
    terminal.type("K1\r");
    await terminal.waitFor("Key file: ");
    terminal.type(`${env.HOME}/AuthKey_K1.p8\r`);
    expect((await terminal.ended).code).toBe(7);
  });

  test("where TERM is dumb it is a numbered list", async () => {
    const env = bareEnvironment();
    const terminal = on(["login", "-p", "mine", "--token", "-", "--no-verify"], { env: { ...env, TERM: "dumb" } });
    await terminal.waitFor("  3  Sentry");
    expect(terminal.screen()).not.toContain("Airtable");
    await terminal.waitFor("Number, or part of a name: ");
    terminal.type("airtab\r");
    await terminal.waitFor("Token: ");
    terminal.type("chosen\r");
    expect((await terminal.ended).code).toBe(0);
    expect(terminal.screen()).not.toContain(ESCAPE);
    expect((await auth(["token", "airtable", "-p", "mine"], { env })).stdout).toBe("chosen\n");
  });

  test("what is chosen there is logged in to", async () => {
    const env = bareEnvironment();
    const terminal = on(["login", "-p", "mine", "--token", "-", "--no-verify"], { env });
    await terminal.waitFor("API key");
    terminal.type("\r");
    await terminal.waitFor("Token: ");
    terminal.type("chosen\r");
    expect((await terminal.ended).code).toBe(0);
    expect(JSON.parse((await auth(["list", "--json"], { env })).stdout)).toMatchObject([{ name: "mine" }]);
  });

  test("Ctrl-C there: 130, and the terminal is left as it was", async () => {
    const terminal = inShell('"$AUTH" login', bareEnvironment());
    await terminal.waitFor("API key");
    terminal.type("\x03");
    await terminal.waitFor("over");
    expect(terminal.screen()).toContain("code 130");
    expectRestored(terminal.screen());
  });

  test("--no-input and CI never prompt: exit 64", async () => {
    const first = on(["login", "--no-input"], { env: bareEnvironment() });
    const second = on(["login"], { env: bareEnvironment({ CI: "true" }) });
    expect((await first.ended).code).toBe(64);
    expect((await second.ended).code).toBe(64);
  });
});

describe("where something would be lost, a terminal asks", () => {
  test("already logged in: no leaves it, yes logs in again", async () => {
    const at = await browserHome({ approve: true, interval: 1 });
    stops.push(at.stop);
    const again = ["login", "sentry", "--flow", "device", ...at.places];
    const no = on(again, { env: at.env });
    await no.waitFor("Already logged in as grace@example.com");
    no.type("n");
    expect((await no.ended).code).toBe(0);
    expect(at.issuer.rows).toHaveLength(1);
    const yes = on(again, { env: at.env });
    await yes.waitFor("Already logged in");
    yes.type("y");
    expect((await yes.ended).code).toBe(0);
    expect(at.issuer.rows).toHaveLength(2);
  });

  for (const command of [
    ["login", "sentry", "--flow", "device"],
    ["token", "sentry", "--login", "-s", "project:admin"],
  ])
    test(`${command.join(" ")} as another account doesn't replace the login: that needs --force`, async () => {
      const at = await browserHome({ approve: true, interval: 1 });
      stops.push(at.stop);
      const terminal = on([...command, ...(command[0] === "login" ? at.places : [])], { env: at.env });
      await terminal.waitFor("Already logged in as grace@example.com");
      const user = { id: "43", email: "other@example.com" };
      const body = JSON.stringify({ access_token: "another", token_type: "bearer", expires_in: 3600, scope: "", user });
      const headers = { "content-type": "application/json" };
      at.issuer.server.fail({ path: "/oauth/token/", reply: { status: 200, body, headers } });
      terminal.type("y");
      if (command[0] === "token") {
        await terminal.waitFor("Waiting for the browser");
        await visit(/https?:\/\/\S*authorize\S*/.exec(terminal.screen())?.[0] ?? "");
      }
      await terminal.waitFor("sentry:default belongs to grace@example.com");
      expect((await terminal.ended).code).toBe(7);
      expect((await at.call(["get", "sentry", "-f", "account"])).stdout).toBe("grace@example.com\n");
    });

  test("a token pasted over a login that is refreshed: no leaves it, and no secret is asked for", async () => {
    const at = await browserHome();
    stops.push(at.stop);
    const paste = ["login", "sentry", "--token", "-", "--no-verify"];
    const no = on(paste, { env: at.env, columns: 140 });
    await no.waitFor("Replace it with a token?");
    no.type("n");
    expect((await no.ended).code).toBe(0);
    expect(no.screen()).not.toContain("Token: ");
    expect((await at.call(["token", "sentry"])).stdout.trim()).toBe(String(at.issuer.rows[0]?.access));
    const yes = on(paste, { env: at.env, columns: 140 });
    await yes.waitFor("Replace it with a token?");
    yes.type("y");
    await yes.waitFor("Token: ");
    yes.type("pasted\r");
    expect((await yes.ended).code).toBe(0);
    expect((await at.call(["token", "sentry"])).stdout).toBe("pasted\n");
  });

  test("logout --all: no does nothing, yes ends all", async () => {
    const env = bareEnvironment();
    await paste(env, "sentry", "a");
    await paste(env, "github", "b");
    const no = on(["logout", "--all"], { env });
    await no.waitFor("github:default, sentry:default");
    no.type("n");
    expect((await no.ended).code).not.toBe(0);
    expect(JSON.parse((await auth(["list", "--json"], { env })).stdout)).toHaveLength(2);
    const yes = on(["logout", "--all"], { env });
    await yes.waitFor("github:default, sentry:default");
    yes.type("y");
    expect((await yes.ended).code).toBe(0);
    expect((await auth(["list", "--json"], { env })).stdout).toBe("[]\n");
  });
});

test("token --login logs in first when that is what it takes, and prints the token alone on stdout", async () => {
  const at = await loggedOut({ approve: true, interval: 1 });
  await succeeded(at.call(["profile", "create", "sentry", ...at.places]));
  const terminal = inShell('"$AUTH" token sentry --login > "$HOME/out"', at.env);
  await terminal.waitFor("over");
  expect(terminal.screen()).toContain("code 0");
  expect(await Bun.file(`${at.env.HOME}/out`).text()).toBe(`${at.issuer.rows[0]?.access}\n`);
});

test("token --login without a terminal fails as without --login", async () => {
  expect((await auth(["token", "sentry", "--login"])).code).toBe(2);
});

describe("a provider that wants a client, and a terminal that has none, is a choice", () => {
  const QUESTION = "GitHub: how do you log in?";

  test("an app of one's own: what to do, then its client id", async () => {
    const issuer = startGithub({ approve: true, interval: 1 });
    stops.push(() => issuer.server.stop());
    const env = bareEnvironment();
    const places = Object.entries(issuer.endpoints).flatMap(([name, url]) => ["--endpoint", `${name}=${url}`]);
    const terminal = on(["login", "github", ...places], { env });
    await terminal.waitFor(QUESTION);
    expect(terminal.screen()).not.toContain("Error:");
    terminal.type("app\r");
    await terminal.waitFor("https://github.com/settings/apps/new");
    await terminal.waitFor("Client id");
    terminal.type(`${issuer.clientId}\r`);
    await terminal.waitFor("Logged in to github:default as octocat");
    expect((await terminal.ended).code).toBe(0);
  });

  test("a token: the page with the scopes filled in, then the token, unseen", async () => {
    const env = bareEnvironment();
    const flags = ["--no-verify", "-s", "repo,workflow"];
    const terminal = on(["login", "github", ...flags], { env, columns: 200 });
    await terminal.waitFor(QUESTION);
    terminal.type("token\r");
    await terminal.waitFor("Make one: https://github.com/settings/tokens/new?scopes=repo,workflow&");
    await terminal.waitFor("GitHub token: ");
    terminal.type("by-hand\r");
    expect((await terminal.ended).code).toBe(0);
    expect(terminal.screen()).not.toContain("by-hand");
    expect((await auth(["token", "github"], { env })).stdout).toBe("by-hand\n");
  });

  test("the login that another tool has, where the tool is there", async () => {
    const without = on(["login", "github"], { env: bareEnvironment({ PATH: "/nowhere" }) });
    await without.waitFor("With a token");
    expect(without.screen()).not.toContain("another tool");
    const env = bareEnvironment();
    await Bun.write(`${env.HOME}/bin/gh`, '#!/bin/sh\n[ "$1 $2" = "auth token" ] && echo gho_from-the-tool\n');
    chmodSync(`${env.HOME}/bin/gh`, 0o700);
    env.PATH = `${env.HOME}/bin:${env.PATH}`;
    const terminal = on(["login", "github", "--no-verify"], { env });
    await terminal.waitFor("runs gh auth token");
    terminal.type("\r");
    expect((await terminal.ended).code).toBe(0);
    expect(terminal.screen()).not.toContain("gho_");
    expect((await auth(["token", "github"], { env })).stdout).toBe("gho_from-the-tool\n");
  });
});

test("where the client needs a secret, that is asked for too, unseen; an empty answer ends it with 6", async () => {
  const flags = ["--flow", "browser", "--client-id", "mine", "--endpoint", "authorization=http://127.0.0.1:9/a"];
  const terminal = on(["login", "github", ...flags], { env: bareEnvironment(), columns: 1000 });
  await terminal.waitFor("Client secret: ");
  expect(terminal.screen()).not.toContain("Client id: ");
  terminal.type("the-hidden-secret\r");
  await terminal.waitFor("http://127.0.0.1:9/a?");
  expect(terminal.screen()).not.toContain("hidden");
  const other = on(["login", "github"], { env: bareEnvironment() });
  await other.waitFor("With an app of your own");
  other.type("app\r");
  await other.waitFor("Client id: ");
  other.type("\r");
  expect((await other.ended).code).toBe(6);
});

test("profile create without flags asks for the settings; Enter leaves one as it would be", async () => {
  const env = bareEnvironment();
  const terminal = on(["profile", "create", "github:work"], { env });
  await terminal.waitFor("The GitHub host [github.com]: ");
  terminal.type("ghe.example.com\r");
  await terminal.waitFor("Scopes [repo read:org gist]: ");
  terminal.type("\r");
  await terminal.waitFor("Client id");
  terminal.type("mine\r");
  expect((await terminal.ended).code).toBe(0);
  expect(JSON.parse((await auth(["profile", "show", "github:work", "--json"], { env })).stdout)).toMatchObject({
    settings: { host: "ghe.example.com" },
    scopes: null,
    clientId: "mine",
  });
});

test("a closed pipe is no error", async () => {
  const env = bareEnvironment();
  await paste(env, "sentry", "a");
  const child = Bun.spawn(["bash", "-c", 'set -o pipefail; "$AUTH" provider list | head -n 1; echo $?'], {
    env: { ...env, AUTH },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect(stdout).toEndWith("\n0\n");
  expect(stderr).toBe("");
});
