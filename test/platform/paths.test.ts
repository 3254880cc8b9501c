import { describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { AuthError } from "../../src/platform/errors.ts";
import { foldersUpwards, pathsFor } from "../../src/platform/paths.ts";
import { filePath } from "../../src/vault/store.ts";
import { tempFolder } from "../support/program.ts";

test("AUTH_HOME holds everything", () => {
  expect(pathsFor({ AUTH_HOME: "/srv/auth/", HOME: "/home/me" }, "linux")).toEqual({
    vault: "/srv/auth/vault.db",
    key: "/srv/auth/key",
    identity: "/srv/auth/identity",
    store: "/srv/auth/store",
    providers: "/srv/auth/providers",
    backups: "/srv/auth/backups",
    audit: "/srv/auth/audit.jsonl",
    requests: "/srv/auth/requests.jsonl",
    log: "/srv/auth/logs/auth.log",
    setup: "/srv/auth/setup",
    agent: "/srv/auth/agent",
    told: "/srv/auth/told",
    runtime: "/srv/auth/run",
  });
});

test("a relative AUTH_HOME is made absolute, so that a later chdir changes nothing", () => {
  expect(pathsFor({ AUTH_HOME: "here" }, "linux", { cwd: "/work" }).vault).toBe("/work/here/vault.db");
});

test("an empty AUTH_HOME is none", () => {
  expect(pathsFor({ AUTH_HOME: "", HOME: "/home/me" }, "linux").vault).toBe("/home/me/.local/share/auth/vault.db");
});

test("on Linux the XDG folders are used where they are set", () => {
  const env = {
    HOME: "/home/me",
    XDG_CONFIG_HOME: "/c",
    XDG_DATA_HOME: "/d",
    XDG_STATE_HOME: "/s",
    XDG_RUNTIME_DIR: "/run/user/1000",
  };
  expect(pathsFor(env, "linux")).toEqual({
    vault: "/d/auth/vault.db",
    key: "/c/auth/key",
    identity: "/c/auth/identity",
    store: "/c/auth/store",
    providers: "/c/auth/providers",
    backups: "/d/auth/backups",
    audit: "/s/auth/audit.jsonl",
    requests: "/s/auth/requests.jsonl",
    log: "/s/auth/logs/auth.log",
    setup: "/d/auth/setup",
    agent: "/d/auth/agent",
    told: "/s/auth/told",
    runtime: "/run/user/1000/auth",
  });
});

test("a session's runtime folder changes no place in which something is looked for", () => {
  const { runtime, ...places } = pathsFor({ HOME: "/home/me", XDG_RUNTIME_DIR: "/run/user/1000" }, "linux");
  const { runtime: other, ...others } = pathsFor({ HOME: "/home/me" }, "linux");
  expect(runtime).not.toBe(other);
  expect(places).toEqual(others);
  expect(places).toMatchObject({ agent: "/home/me/.local/share/auth/agent", told: "/home/me/.local/state/auth/told" });
});

test("a relative XDG folder is ignored, as the specification says", () => {
  expect(pathsFor({ HOME: "/home/me", XDG_CONFIG_HOME: "relative" }, "linux").key).toBe("/home/me/.config/auth/key");
});

test("macOS and Windows have folders of their own", () => {
  const mac = pathsFor({ HOME: "/Users/me", TMPDIR: "/var/folders/x/T/" }, "darwin");
  expect(mac.vault).toBe("/Users/me/Library/Application Support/auth/vault.db");
  expect(mac.runtime).toBe("/var/folders/x/T/auth");
  const windows = pathsFor(WINDOWS_USER, "win32");
  expect(windows.vault).toBe("C:\\Users\\me\\Local\\auth\\vault.db");
  expect(windows.providers).toBe("C:\\Users\\me\\Roaming\\auth\\providers");
});

const WINDOWS_USER = { APPDATA: "C:\\Users\\me\\Roaming", LOCALAPPDATA: "C:\\Users\\me\\Local" };

test("on Windows a key doesn't roam to other machines, but one that does already is still found", () => {
  const roaming = "C:\\Users\\me\\Roaming\\auth\\key";
  expect(pathsFor(WINDOWS_USER, "win32").key).toBe("C:\\Users\\me\\Local\\auth-key\\key");
  expect(pathsFor(WINDOWS_USER, "win32", { exists: (path) => path === roaming }).key).toBe(roaming);
  expect(pathsFor({ AUTH_HOME: "C:\\auth" }, "win32", { exists: () => false }).key).toBe("C:\\auth\\key");
});

describe("Windows' forms of a path", () => {
  const cases: Readonly<Record<string, string>> = {
    "D:\\auth": "D:\\auth",
    "d:/auth/": "d:\\auth",
    "\\auth": "C:\\auth",
    "/auth": "C:\\auth",
    auth: "C:\\work\\auth",
    "..\\auth": "C:\\auth",
    "C:auth": "C:\\work\\auth",
    "\\\\host\\share\\auth": "\\\\host\\share\\auth",
    "//host/share/auth": "\\\\host\\share\\auth",
    "\\\\?\\C:\\auth": "\\\\?\\C:\\auth",
    "C:\\": "C:\\",
  };
  for (const [form, place] of Object.entries(cases))
    test(form, () => {
      const vault = `${place}${place.endsWith("\\") ? "" : "\\"}vault.db`;
      expect(pathsFor({ AUTH_HOME: form }, "win32", { cwd: "C:\\work" }).vault).toBe(vault);
    });

  test("a folder named by a variable counts only where it has a drive or a share", () => {
    const LOCALAPPDATA = WINDOWS_USER.LOCALAPPDATA;
    for (const APPDATA of ["\\Users", "C:Users", "Users"])
      expect(() => pathsFor({ APPDATA, LOCALAPPDATA }, "win32")).toThrow("APPDATA");
  });

  test("AUTH_STORE takes them too", () => {
    const store = (text: string) => filePath(`sqlite:${text}`, "win32");
    expect(store("C:/x/vault.db")).toBe("C:\\x\\vault.db");
    expect(store("\\\\host\\share\\vault.db")).toBe("\\\\host\\share\\vault.db");
    expect(store("C:\\x\\")).toBeNull();
  });
});

test("key and vault lie in different folders on every platform", () => {
  const folder = (path: string): string => path.replace(/[\\/][^\\/]+$/, "");
  for (const [platform, env] of [
    ["linux", { HOME: "/home/me" }],
    ["darwin", { HOME: "/Users/me" }],
    ["win32", { APPDATA: "C:\\r", LOCALAPPDATA: "C:\\l" }],
  ] as const) {
    const paths = pathsFor(env, platform);
    expect(folder(paths.key)).not.toBe(folder(paths.vault));
  }
});

test("without HOME there are words that say what to set", () => {
  for (const [platform, variable] of [
    ["linux", "HOME"],
    ["darwin", "HOME"],
    ["win32", "APPDATA"],
  ] as const) {
    let thrown: unknown;
    try {
      pathsFor({}, platform);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(AuthError);
    expect((thrown as AuthError).message).toContain(variable);
    expect((thrown as AuthError).hint).toContain("AUTH_HOME");
  }
});

test("HOME isn't needed where every folder is named", () => {
  const env = { XDG_CONFIG_HOME: "/c", XDG_DATA_HOME: "/d", XDG_STATE_HOME: "/s" };
  expect(pathsFor(env, "linux").vault).toBe("/d/auth/vault.db");
});

const up = (folder: string, HOME: string): string[] => foldersUpwards(folder, { HOME }, "linux");
const upWindows = (folder: string, USERPROFILE: string): string[] => foldersUpwards(folder, { USERPROFILE }, "win32");

describe("where .auth.toml is looked for, on POSIX", () => {
  test("each folder up to home, home among them", () => {
    expect(up("/home/me/a/b", "/home/me")).toEqual(["/home/me/a/b", "/home/me/a", "/home/me"]);
    expect(up("/home/me", "/home/me")).toEqual(["/home/me"]);
    expect(up("/home/me/a", "/home/me//")).toEqual(["/home/me/a", "/home/me"]);
    expect(up("/home/me/a\\b", "/home/me")).toEqual(["/home/me/a\\b", "/home/me"]);
  });

  test("none outside, none beside, none without a home", () => {
    for (const folder of ["/home", "/", "/home/me2", "/home/other/me", "/srv/me"])
      expect(up(folder, "/home/me")).toEqual([]);
    for (const home of ["", "me", "./me", "~"]) expect(up("/home/me/a", home)).toEqual([]);
    expect(foldersUpwards("/home/me", {}, "linux")).toEqual([]);
  });

  test("a home that is the root", () => {
    expect(up("/a/b", "/")).toEqual(["/a/b", "/a", "/"]);
    expect(up("/", "/")).toEqual(["/"]);
  });

  test.skipIf(process.platform === "win32")("a home that is reached by a link, as the system knows it", () => {
    const top = tempFolder();
    mkdirSync(join(top, "real", "a"), { recursive: true });
    symlinkSync(join(top, "real"), join(top, "link"));
    expect(up(join(top, "real", "a"), join(top, "link"))).toEqual([join(top, "real", "a"), join(top, "real")]);
    expect(up(join(top, "real", "a"), join(top, "real", "..", "real"))).toHaveLength(2);
    expect(up(join(top, "real", "a"), join(top, "nowhere"))).toEqual([]);
  });
});

describe("where .auth.toml is looked for, on Windows", () => {
  test("any case, either slash", () => {
    expect(upWindows("C:\\Users\\Me\\a", "c:\\users\\me")).toEqual(["C:\\Users\\Me\\a", "C:\\Users\\Me"]);
    expect(upWindows("C:\\Users\\Me\\a", "C:/Users/Me/")).toEqual(["C:\\Users\\Me\\a", "C:\\Users\\Me"]);
  });

  test("none on another drive, none beside, none for a home that is no folder of a drive", () => {
    for (const folder of ["D:\\Users\\Me\\a", "C:\\Users\\Me2", "C:\\Users", "C:\\"])
      expect(upWindows(folder, "C:\\Users\\Me")).toEqual([]);
    for (const home of ["", "\\Users\\Me", "C:", "Users"]) expect(upWindows("C:\\Users\\Me", home)).toEqual([]);
  });
});
