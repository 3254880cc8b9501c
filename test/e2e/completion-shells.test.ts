/** Completion in the shells themselves, by the Tab key. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { completionScript } from "../../src/cli/completion.ts";
import { paste } from "../support/home.ts";
import { type InteractiveShell, interactiveShell, SHELLS } from "../support/interactive-shell.ts";
import { lacking } from "../support/needs.ts";
import { bareEnvironment, tempFolder } from "../support/program.ts";

/** Typed before Tab → the words after it. */
const COMPLETED: readonly (readonly [string, readonly string[]])[] = [
  ["auth tok", ["auth", "token"]],
  ["auth token github:w", ["auth", "token", "github:work"]],
  ["auth -q token github:w", ["auth", "-q", "token", "github:work"]],
  ["auth login gitl", ["auth", "login", "gitlab"]],
  ["auth provider show sentry-", ["auth", "provider", "show", "sentry-app"]],
  ["auth login github:work --ho", ["auth", "login", "github:work", "--host"]],
  ["auth login github --flow d", ["auth", "login", "github", "--flow", "device"]],
  ["auth login github --flow=d", ["auth", "login", "github", "--flow=device"]],
  ["auth get github:work --field acco", ["auth", "get", "github:work", "--field", "account"]],
  ["auth get github:work -f refreshT", ["auth", "get", "github:work", "-f", "refreshToken"]],
  ["auth token github -p w", ["auth", "token", "github", "-p", "work"]],
  // No space before the variable's name.
  ["auth run -c github:w\tX", ["auth", "run", "-c", "github:work=X"]],
  ["auth run github:work -- gunzi", ["auth", "run", "github:work", "--", "gunzip"]],
  ["auth run -- cat only-o", ["auth", "run", "--", "cat", "only-one"]],
  ["auth login --key only-o", ["auth", "login", "--key", "only-one"]],
  ["auth login --key=only-o", ["auth", "login", "--key=only-one"]],
  ["auth help exit", ["auth", "help", "exit-codes"]],
  ["auth nothing of the k", ["auth", "nothing", "of", "the", "k"]],
];

for (const name of SHELLS)
  describe.skipIf(lacking(name))(`in ${name}, Tab`, () => {
    const HOME = tempFolder();
    let shell: InteractiveShell;
    beforeAll(async () => {
      const env = bareEnvironment({ HOME });
      await paste(env, "github:work", "a-token");
      await paste(env, "github:home", "another-token");
      writeFileSync(join(HOME, "only-one"), "");
      shell = await interactiveShell(name, { ...env, HOME });
    });
    afterAll(() => shell?.end());

    for (const [typed, words] of COMPLETED)
      test(`completes ${JSON.stringify(typed)}`, async () => {
        expect(await shell.complete(typed)).toEqual([...words]);
      });

    test("lists what there is, with what it is for where the shell can show that", async () => {
      // fish draws what was typed apart.
      await shell.list("auth token github:", name === "zsh" ? "github:home" : "home");
      await shell.list("auth log", name === "bash" ? "logout" : "Log in at a provider");
    });

    test("runs nothing that is written in the line", async () => {
      const words = await shell.complete("auth run 'x$(touch made)' github:w");
      expect(words).toEqual(["auth", "run", "x$(touch made)", "github:work"]);
      expect(existsSync(join(HOME, "made"))).toBe(false);
    });
  });

/** Where packages put the scripts, below the home here → what is left to do in the shell's own file. */
const INSTALLED: Readonly<Record<"zsh" | "fish", readonly [string, string]>> = {
  zsh: ["functions/_auth", "fpath=(~/functions $fpath)\nautoload -Uz compinit\ncompinit -D -u\n"],
  fish: [".config/fish/completions/auth.fish", ""],
};

for (const name of ["zsh", "fish"] as const)
  test.skipIf(lacking(name))(`${name} finds the script by itself where a package has put it`, async () => {
    const HOME = tempFolder();
    const [file, added] = INSTALLED[name];
    const path = join(HOME, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, await completionScript(name));
    const shell = await interactiveShell(name, { ...bareEnvironment({ HOME }), HOME }, added);
    expect(await shell.complete("auth provider sh")).toEqual(["auth", "provider", "show"]);
    expect(await shell.complete("auth provider che")).toEqual(["auth", "provider", "check"]);
    await shell.end();
  });
