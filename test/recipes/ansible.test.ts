/** ansible-vault, with a password of the vault (docs/recipes.md, Ansible). */
import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { lacking } from "../support/needs.ts";
import { bareEnvironment, run, tempFolder } from "../support/program.ts";
import { pathWithAuth, recipe } from "../support/recipes.ts";

const skip = lacking("ansible-vault");
setDefaultTimeout(60_000);

test.skipIf(skip)("encrypts and reads a file with the password of the connection that the vault id names", async () => {
  const cwd = tempFolder();
  const env = { ...bareEnvironment(), HOME: tempFolder(), PATH: pathWithAuth("/usr/bin:/bin"), LC_ALL: "C.UTF-8" };
  const script = recipe("Ansible", 0, {});
  const ended = await run(["sh", "-e", "-c", script], { env, cwd, stdin: "a long password of a vault" });
  expect(ended).toMatchObject({ code: 0 });
  expect(ended.stdout).toContain("password: hunter2");
  expect(readFileSync(join(cwd, "secrets.yml"), "utf8")).toStartWith("$ANSIBLE_VAULT;1.2;AES256;apikey:production\n");

  const view = ["ansible-vault", "view", "--vault-id", "apikey:gone@~/.local/bin/auth-client", "secrets.yml"];
  const gone = await run(view, { env, cwd });
  expect(gone.code).not.toBe(0);
  expect(gone.stderr.replaceAll("\n", " ")).toContain("did not find a secret for vault-id=apikey:gone");
  expect(gone.stderr).not.toContain("a long password");
});
