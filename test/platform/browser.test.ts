import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { canOpenBrowser, openBrowser } from "../../src/platform/browser.ts";
import { tempFolder } from "../support/program.ts";
import { until } from "../support/until.ts";

/** A PATH with one "browser" that writes down how it was called. */
function desktop(name: string): { env: Record<string, string>; called: () => Promise<string> } {
  const folder = tempFolder();
  const log = join(folder, "log");
  writeFileSync(
    join(folder, name),
    `#!/bin/sh\nprintf '%s\\n' "$#" "$@" "key=$AUTH_KEY" > ${log}.part\nmv ${log}.part ${log}\n`,
  );
  chmodSync(join(folder, name), 0o755);
  const called = async (): Promise<string> => {
    await until("the browser is called", () => existsSync(log));
    return readFileSync(log, "utf8");
  };
  return { env: { PATH: `${folder}:/usr/bin:/bin`, DISPLAY: ":0", AUTH_KEY: "secret" }, called };
}

test("a browser gets the URL as one argument, whatever is in it, and none of our secrets", async () => {
  const { env, called } = desktop("xdg-open");
  const url = "https://issuer.example/authorize?a=1&b=$(touch%20x)&c='\";|%22";
  expect(openBrowser(url, env, "linux")).toBe(true);
  expect(await called()).toBe(`1\n${new URL(url).href}\nkey=\n`);
});

test("BROWSER is respected where it names a program", async () => {
  const { env, called } = desktop("my-browser");
  expect(openBrowser("https://issuer.example/", { ...env, BROWSER: "my-browser" }, "linux")).toBe(true);
  expect(await called()).toContain("https://issuer.example/");
});

test("a program that can't open the browser is named", async () => {
  const { env } = desktop("xdg-open");
  writeFileSync(join((env.PATH ?? "").split(":")[0] ?? "", "broken"), "#!/bin/sh\nexit 3\n", { mode: 0o755 });
  const failed = Promise.withResolvers<string>();
  expect(openBrowser("https://issuer.example/", { ...env, BROWSER: "broken" }, "linux", failed.resolve)).toBe(true);
  expect(await failed.promise).toBe("broken");
});

describe("BROWSER is read as xdg-open and gh read it", () => {
  const REMOTE = { DISPLAY: undefined, SSH_CONNECTION: "10.0.0.1 1 10.0.0.2 22" };
  const url = "https://issuer.example/?a='$(id)";

  test("also without a display and over SSH, where editors and WSL set it", async () => {
    const { env, called } = desktop("my-browser");
    expect(openBrowser("https://issuer.example/", { ...env, ...REMOTE, BROWSER: "my-browser" }, "linux")).toBe(true);
    expect(await called()).toContain("https://issuer.example/");
  });

  for (const [command, args] of [
    ["my-browser --new-window", ["--new-window", url]],
    ["my-browser --app=%s -x", [`--app=${url}`, "-x"]],
    [`my-browser "a b" 'c "d'`, ["a b", 'c "d', url]],
    ["nosuch:my-browser -x:other", ["-x", url]],
  ] as const)
    test(`with arguments, and no shell: ${command}`, async () => {
      const { env, called } = desktop("my-browser");
      expect(openBrowser(url, { ...env, BROWSER: command }, "linux")).toBe(true);
      const shown = args.map((word) => word.replace(url, new URL(url).href));
      expect(await called()).toBe(`${[shown.length, ...shown, "key="].join("\n")}\n`);
    });

  test("a text browser is not run", () => {
    const { env } = desktop("lynx");
    const bare = { ...env, PATH: env.PATH?.split(":")[0] };
    for (const BROWSER of ["lynx", `${bare.PATH}/lynx`, "lynx %s", "nosuch %s"])
      expect(canOpenBrowser({ ...bare, BROWSER }, "linux")).toBe(false);
  });
});

test("no browser over SSH, nor without a display", () => {
  const { env } = desktop("xdg-open");
  expect(canOpenBrowser(env, "linux")).toBe(true);
  expect(canOpenBrowser({ ...env, SSH_CONNECTION: "10.0.0.1 1 10.0.0.2 22" }, "linux")).toBe(false);
  expect(canOpenBrowser({ ...env, SSH_TTY: "/dev/pts/1" }, "linux")).toBe(false);
  expect(canOpenBrowser({ ...env, DISPLAY: undefined }, "linux")).toBe(false);
  expect(canOpenBrowser({ ...env, DISPLAY: undefined, WAYLAND_DISPLAY: "wayland-0" }, "linux")).toBe(true);
  expect(canOpenBrowser({ SSH_CONNECTION: "x" }, "darwin")).toBe(false);
  expect(canOpenBrowser({}, "darwin")).toBe(true);
});

test("only https, and http to this machine, is opened", async () => {
  for (const url of [
    "http://issuer.example/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "mailto:x@example.com",
    "https://user:password@issuer.example/",
    "--version",
    "",
  ]) {
    const { env } = desktop("xdg-open");
    expect(openBrowser(url, env, "linux")).toBe(false);
  }
  const { env, called } = desktop("xdg-open");
  expect(openBrowser("http://127.0.0.1:8080/cb", env, "linux")).toBe(true);
  expect(await called()).toContain("http://127.0.0.1:8080/cb");
});
